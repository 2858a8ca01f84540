#include "tests/model/gateway_model.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"

namespace ringwire::model {
namespace {

// The paper's constants (§6.1) and the driver's, written down here once more on purpose.
constexpr absl::Duration kRekeyAfter = absl::Seconds(120);
constexpr absl::Duration kRejectAfter = absl::Seconds(180);
constexpr absl::Duration kRekeyTimeout = absl::Seconds(5);
constexpr absl::Duration kJitterMax = absl::Milliseconds(334);
constexpr absl::Duration kKeepalive = absl::Seconds(10);
constexpr absl::Duration kRekeyOnReceive = absl::Seconds(165);
constexpr absl::Duration kUnanswered = absl::Seconds(15);
constexpr absl::Duration kFlood = absl::Milliseconds(20);
// A cookie is good for two minutes; its holder may stop a little earlier.
constexpr absl::Duration kCookieSurely = absl::Seconds(115), kCookieAtMost = absl::Seconds(120);
constexpr int kAttemptsMax = 18;
constexpr size_t kStagedMax = 128;
constexpr uint64_t kWindow = 8128;

}  // namespace

void GatewayModel::Violate(int peer, Instant now, const std::string& what) {
  if (!violation_.empty()) return;
  violation_ = fmt::format("at {}, peer {}: {}", absl::FormatDuration(now - Instant()), peer, what);
}

bool GatewayModel::Usable(const Session& session, Instant now) {
  return session.number != 0 && now < session.created + kRejectAfter;
}

// -- what happens to the gateway

void GatewayModel::AddPeer(Instant now, int number, std::optional<SocketAddress> endpoint,
                           int keepalive) {
  Peer& peer = peers_[Index(number)];
  if (peer.present) return;
  // Timestamps outlive removal; for a new peer everything else is new (ringwire(8), forget).
  const std::optional<Tai64n> greatest = peer.greatest_stamp;
  const int initiations = peer.initiations;
  peer = Peer();
  peer.present = true;
  peer.greatest_stamp = greatest;
  peer.initiations = initiations;
  peer.endpoint = endpoint;
  peer.keepalive = keepalive;
  Cover("peer added");
  if (keepalive > 0 && Reachable(peer)) WantKeepalive(now, peer);
}

void GatewayModel::RemovePeer(int number) {
  Peer& peer = peers_[Index(number)];
  if (!peer.present) return;
  Cover("peer removed");
  const std::optional<Tai64n> greatest = peer.greatest_stamp;
  const int initiations = peer.initiations;
  peer = Peer();
  peer.greatest_stamp = greatest;
  peer.initiations = initiations;
}

void GatewayModel::SetPsk(int number, const crypto::PresharedKey& psk) {
  peers_[Index(number)].psk = psk;
}

void GatewayModel::SetEndpoint(int number, const SocketAddress& endpoint) {
  Peer& peer = peers_[Index(number)];
  if (peer.present) peer.endpoint = endpoint;
}

void GatewayModel::SetKeepalive(Instant now, int number, int seconds) {
  Peer& peer = peers_[Index(number)];
  if (!peer.present) return;
  const bool begins = peer.keepalive == 0 && seconds > 0;
  peer.keepalive = seconds;
  peer.persistent_not_before = Instant();
  if (begins && Reachable(peer)) WantKeepalive(now, peer);
}

void GatewayModel::SetLinkUp(Instant now, bool up) {
  if (up == link_up_) return;
  link_up_ = up;
  Cover(up ? "link up" : "link down");
  for (Peer& peer : peers_) {
    if (!peer.present) continue;
    if (!up) {
      peer.current = peer.previous = peer.next = Session();
      peer.staged.clear();
      peer.initiation = Due();
      peer.attempts = 0;
      peer.may_begin_again = false;
      peer.pending = peer.response_is_due = false;
      peer.initiate_not_before = peer.persistent_not_before = Instant();
      peer.unanswered_early.reset();
      peer.wants_because_unanswered = false;
      peer.unacknowledged_since.reset();
      peer.more_data = false;
      peer.keepalive_due = false;
    } else if (peer.keepalive > 0 && Reachable(peer)) {
      WantKeepalive(now, peer);
    }
  }
}

void GatewayModel::LocalPacket(Instant now, int number, int packet) {
  Peer& peer = peers_[Index(number)];
  if (!peer.present || !peer.endpoint) return;  // answered with ICMP
  peer.staged.push_back(packet);
  if (peer.staged.size() > kStagedMax) peer.staged.pop_front();
  if (Usable(peer.current, now)) {
    Cover("packet under a session");
    return;
  }
  Cover("packet waits for a session");
  Want(now, peer);
}

void GatewayModel::Receive(Instant now, const Mail& mail, const SocketAddress& from) {
  Peer& peer = peers_[Index(mail.peer)];
  Tick(now, mail.peer);
  if (!link_up_ || !peer.present) return;
  switch (mail.kind) {
    case Mail::Kind::kInitiation:
      if (peer.greatest_stamp && mail.stamp <= *peer.greatest_stamp) {
        Cover("replayed initiation");
        return;
      }
      if (now < peer.accept_at) {
        Cover("flood of initiations");
        return;
      }
      peer.greatest_stamp = mail.stamp;
      peer.accept_at = now + kFlood;
      ReceivedAnything(now, peer, from);
      peer.response_is_due = true;
      return;
    case Mail::Kind::kResponse:
      ReceiveResponse(now, mail, from);
      return;
    case Mail::Kind::kData:
    case Mail::Kind::kKeepalive:
      ReceiveData(now, mail, from);
      return;
    case Mail::Kind::kCookieReply:
      // One for each message that was sent, and only while its handshake is under way.
      if (!peer.pending || mail.answers != peer.initiations || !peer.may_take_cookie) return;
      peer.may_take_cookie = false;
      peer.cookie_at = now;
      Cover("cookie taken");
      return;
  }
}

void GatewayModel::ReceiveResponse(Instant now, const Mail& mail, const SocketAddress& from) {
  Peer& peer = peers_[Index(mail.peer)];
  if (!peer.pending || mail.answers != peer.initiations || !(mail.psk == peer.psk)) {
    Cover("response refused");
    return;
  }
  Cover("session as initiator");
  ReceivedAnything(now, peer, from);
  Session session;
  session.number = mail.session;
  session.is_initiator = true;
  session.created = now;
  // The one that waits for confirmation may be in use by the peer, so it is kept in place of the
  // current one.
  peer.previous = peer.next.number != 0 ? std::exchange(peer.next, Session()) : peer.current;
  peer.current = session;
  Established(peer);
  if (peer.staged.empty()) peer.keepalive_due = true;  // confirms the session
}

void GatewayModel::ReceiveData(Instant now, const Mail& mail, const SocketAddress& from) {
  Peer& peer = peers_[Index(mail.peer)];
  Session* session = nullptr;
  for (Session* one : {&peer.current, &peer.previous, &peer.next}) {
    if (one->number == mail.session) session = one;
  }
  if (session == nullptr || !Usable(*session, now)) {
    Cover("data of a dead session");
    return;
  }
  const bool is_late = !session->received.empty() && session->greatest >= kWindow &&
                       mail.counter <= session->greatest - kWindow;
  if (is_late || !session->received.insert(mail.counter).second) {
    Cover("replayed data");
    return;
  }
  session->greatest = std::max(session->greatest, mail.counter);
  if (peer.endpoint && *peer.endpoint != from) Cover("roaming");
  ReceivedAnything(now, peer, from);
  if (session == &peer.next) {
    Cover("session as responder");
    peer.previous = std::exchange(peer.current, std::exchange(peer.next, Session()));
    session = &peer.current;
    Established(peer);
  }
  if (session->is_initiator && now >= session->created + kRekeyOnReceive &&
      !std::exchange(session->asked_on_receive, true) && session == &peer.current) {
    Cover("renewal on receipt");
    Want(now, peer);
  }
  if (mail.kind == Mail::Kind::kKeepalive) return;
  if (peer.unacknowledged_since) {
    peer.more_data = true;
  } else {
    peer.unacknowledged_since = now;
  }
  if (mail.packet != 0) to_deliver_.insert(mail.packet);
}

bool GatewayModel::MayHaveGivenUp(Instant now, const Peer& peer) {
  return peer.attempts == kAttemptsMax && now >= peer.initiation.from;
}

// -- consequences

void GatewayModel::ReceivedAnything(Instant now, Peer& peer, const SocketAddress& from) {
  peer.endpoint = from;
  peer.unanswered_early.reset();
  if (std::exchange(peer.wants_because_unanswered, false) && peer.attempts == 0) {
    peer.initiation = Due();
  }
  peer.last_traversal = now;
}

void GatewayModel::SentAnything(Instant now, Peer& peer) {
  peer.unacknowledged_since.reset();
  peer.more_data = false;
  peer.last_traversal = now;
}

void GatewayModel::Established(Peer& peer) {
  peer.initiation = Due();
  peer.attempts = 0;
  peer.may_begin_again = false;
  peer.pending = false;
}

void GatewayModel::GiveUp(Peer& peer) {
  Cover("handshake given up");
  peer.attempts = 0;
  peer.may_begin_again = false;
  peer.initiation = Due();
  peer.pending = false;
  peer.staged.clear();
}

// A handshake is wanted, unless one is under way already.
void GatewayModel::Want(Instant now, Peer& peer) {
  if (!Reachable(peer)) return;
  if (MayHaveGivenUp(now, peer)) peer.may_begin_again = true;
  if (peer.attempts > 0) return;
  const bool is_loose = std::exchange(peer.wants_because_unanswered, false);
  if (peer.initiation.is_set() && !is_loose) return;
  const Instant at = std::max(now, peer.initiate_not_before);
  peer.initiation = {at, at};
}

void GatewayModel::WantKeepalive(Instant now, Peer& peer) {
  if (!Usable(peer.current, now)) {
    Want(now, peer);
    return;
  }
  if (peer.staged.empty()) peer.keepalive_due = true;
  Renew(now, peer);
}

// Sending under a session that is old enough, and ours, renews it.
void GatewayModel::Renew(Instant now, Peer& peer) {
  if (!peer.current.is_initiator || now < peer.current.created + kRekeyAfter) return;
  Cover("renewal on sending");
  Want(now, peer);
}

// -- what the gateway did

void GatewayModel::SentInitiation(Instant now, int number, const SocketAddress& to,
                                  std::optional<bool> cookie) {
  Peer& peer = peers_[Index(number)];
  Tick(now, number);
  if (!Reachable(peer))
    return Violate(number, now, "an initiation to a peer that cannot be reached");
  if (to != *peer.endpoint) Violate(number, now, "an initiation to another address");
  if (peer.may_begin_again) {
    Cover("begun again as soon as given up");
    GiveUp(peer);
    peer.initiation = {now, now};
  }
  if (!peer.initiation.is_set()) return Violate(number, now, "an initiation without a reason");
  if (now < std::max(peer.initiation.from, peer.initiate_not_before)) {
    Violate(number, now, "an initiation too soon");
  }
  if (peer.attempts == kAttemptsMax) Violate(number, now, "more initiations than 90 s allow");
  CheckCookie(now, number, cookie);
  peer.wants_because_unanswered = false;
  Cover(peer.attempts == 0 ? "first initiation" : "initiation repeated");
  ++peer.attempts;
  ++peer.initiations;
  peer.pending = peer.may_take_cookie = true;
  peer.initiate_not_before = now + kRekeyTimeout;
  peer.initiation = {now + kRekeyTimeout, now + kRekeyTimeout + kJitterMax};
  SentAnything(now, peer);
  if (std::exchange(peer.another_keepalive, false)) peer.unacknowledged_since = now;
}

void GatewayModel::SentResponse(Instant now, int number, const SocketAddress& to, int session,
                                std::optional<bool> cookie) {
  Peer& peer = peers_[Index(number)];
  if (!std::exchange(peer.response_is_due, false)) {
    return Violate(number, now, "a response that nothing asked for");
  }
  if (to != *peer.endpoint) Violate(number, now, "a response to another address");
  CheckCookie(now, number, cookie);
  Cover("response");
  peer.may_take_cookie = false;  // the cookie would be for the response, and ends with it
  peer.initiate_not_before = now + kRekeyTimeout;
  if (peer.initiation.is_set()) {
    peer.initiation.from = std::max(peer.initiation.from, peer.initiate_not_before);
    peer.initiation.until = std::max(peer.initiation.until, peer.initiation.from);
  }
  peer.previous = Session();
  peer.next = Session();
  peer.next.number = session != 0 ? session : kSessionOfNobody;
  peer.next.created = now;
  SentAnything(now, peer);
}

void GatewayModel::SentData(Instant now, int number, const SocketAddress& to, int session,
                            uint64_t counter, int packet) {
  Peer& peer = peers_[Index(number)];
  Tick(now, number);
  if (!Reachable(peer)) return Violate(number, now, "data to a peer that cannot be reached");
  if (to != *peer.endpoint) Violate(number, now, "data to another address");
  if (session == 0 || session != peer.current.number) {
    return Violate(number, now, "data under another session than the current one");
  }
  if (!Usable(peer.current, now)) Violate(number, now, "data under a dead session");
  if (counter < peer.current.next_to_send) Violate(number, now, "a counter is used twice");
  peer.current.next_to_send = counter + 1;
  if (packet == 0) {
    if (!std::exchange(peer.keepalive_due, false))
      return Violate(number, now, "a keepalive without a reason");
    Cover("keepalive");
  } else {
    if (peer.staged.empty() || peer.staged.front() != packet) {
      return Violate(number, now, fmt::format("packet {} out of turn", packet));
    }
    peer.staged.pop_front();
    if (!peer.unanswered_early) {
      peer.unanswered_early = peer.unanswered_late = now;
      peer.unanswered_is_unsure = false;
    } else if (now >= *peer.unanswered_early + kUnanswered) {
      peer.unanswered_late = now;
    }
  }
  SentAnything(now, peer);
  if (std::exchange(peer.another_keepalive, false) && packet == 0) peer.unacknowledged_since = now;
  if (packet != 0) Renew(now, peer);
}

void GatewayModel::Delivered(int packet) {
  const auto found = to_deliver_.find(packet);
  if (found == to_deliver_.end()) {
    return Violate(0, Instant(), fmt::format("packet {} was delivered and must not be", packet));
  }
  to_deliver_.erase(found);
  Cover("packet delivered");
}

void GatewayModel::CheckCookie(Instant now, int number, std::optional<bool> cookie) {
  const Peer& peer = peers_[Index(number)];
  const bool must = peer.cookie_at && now < *peer.cookie_at + kCookieSurely;
  const bool may = peer.cookie_at && now <= *peer.cookie_at + kCookieAtMost;
  if (must && cookie != true) Violate(number, now, "a message without the cookie");
  if (!may && cookie.has_value()) Violate(number, now, "a message with a cookie from nowhere");
  if (must) Cover("message with a cookie");
}

// -- time

void GatewayModel::Tick(Instant now, int number) {
  Peer& peer = peers_[Index(number)];
  if (!link_up_ || !peer.present) return;
  // After the last attempt the gateway gives up, until there is another reason.
  if (peer.attempts == kAttemptsMax && now >= peer.initiation.until) {
    GiveUp(peer);
    // The wait for an answer to data may have ended before this, without a consequence then.
    peer.unanswered_is_unsure =
        peer.unanswered_early && now >= *peer.unanswered_early + kUnanswered;
  }
  if (peer.unacknowledged_since && now >= *peer.unacknowledged_since + kKeepalive) {
    Cover("passive keepalive");
    const bool more = std::exchange(peer.more_data, false);
    peer.unacknowledged_since.reset();
    WantKeepalive(now, peer);
    if (more) peer.unacknowledged_since = now;
    peer.another_keepalive = more;
  }
  if (peer.keepalive > 0 && Reachable(peer)) {
    const Instant quiet =
        peer.last_traversal ? *peer.last_traversal + absl::Seconds(peer.keepalive) : Instant();
    if (now >= std::max(quiet, peer.persistent_not_before)) {
      Cover("persistent keepalive");
      peer.persistent_not_before = now + absl::Seconds(peer.keepalive);
      WantKeepalive(now, peer);
    }
  }
  if (peer.unanswered_early && now >= *peer.unanswered_early + kUnanswered) {
    const Instant until = *peer.unanswered_late + kUnanswered + kJitterMax;
    // Data that was sent when the jitter may or may not have been over: it may begin a wait or not.
    const bool is_certain =
        *peer.unanswered_early == *peer.unanswered_late && !peer.unanswered_is_unsure;
    if (MayHaveGivenUp(now, peer)) peer.may_begin_again = true;
    if (now > until) {
      peer.unanswered_early.reset();
      if (!is_certain && std::exchange(peer.wants_because_unanswered, false)) {
        peer.initiation = Due();
      }
    }
    if (!peer.initiation.is_set() && peer.attempts == 0 && now <= until) {
      Cover("data without an answer");
      Want(now, peer);
      peer.initiation.until =
          is_certain ? std::max(peer.initiation.from, until) : Instant::InfiniteFuture();
      peer.wants_because_unanswered = true;
    }
  }
}

void GatewayModel::CheckDue(Instant now) {
  for (int number = 1; number <= kPeers; ++number) {
    Tick(now, number);
    Peer& peer = peers_[Index(number)];
    if (!link_up_ || !peer.present) continue;
    if (peer.response_is_due) Violate(number, now, "an initiation got no response");
    if (Usable(peer.current, now) && !peer.staged.empty()) {
      Violate(number, now, "a packet was not sent");
    }
    if (peer.keepalive_due) Violate(number, now, "a keepalive was not sent");
    if (peer.attempts < kAttemptsMax && Reachable(peer) && now > peer.initiation.until) {
      Violate(number, now, "an initiation was not sent");
    }
  }
  if (!to_deliver_.empty()) {
    Violate(0, now, fmt::format("packet {} was not delivered", *to_deliver_.begin()));
  }
}

}  // namespace ringwire::model
