// Sessions: received messages, each with its checks in order.

#include <memory>
#include <utility>

#include "core/base/endian.h"
#include "core/control/clock_notices.h"
#include "core/control/sessions.h"
#include "core/device/key_text.h"
#include "core/wire/constants.h"
#include "fmt/format.h"

namespace ringwire {

Peer* Sessions::ConsumeAnswer(const ControlCall& call, const HandshakeDatagram& datagram) {
  const std::variant<MessageKind, DropReason> kind = Classify(datagram);
  Consumed consumed = DropReason::kUnknownMessageType;
  if (const DropReason* const reason = std::get_if<DropReason>(&kind)) {
    consumed = *reason;
  } else if (std::get<MessageKind>(kind) == MessageKind::kResponse) {
    consumed =
        ConsumeResponse(call, LoadMessage<ResponseMessage>(datagram.message()), datagram.from);
  } else if (std::get<MessageKind>(kind) == MessageKind::kCookieReply) {
    consumed = ConsumeCookieReply(call, LoadMessage<CookieReplyMessage>(datagram.message()));
  }
  if (const DropReason* const reason = std::get_if<DropReason>(&consumed)) {
    counters_->Drop(*reason);
    return nullptr;
  }
  return std::get<Peer*>(consumed);
}

std::variant<MessageKind, DropReason> Sessions::Classify(const HandshakeDatagram& datagram) const {
  if (!shared_->device_up.load()) return DropReason::kDeviceDown;
  if (!identity_.has_value()) return DropReason::kNoPrivateKey;
  return ClassifyMessage(datagram.message());
}

std::unique_ptr<HandshakeWork> Sessions::ConsumeInitiation(const HandshakeDatagram& datagram) {
  const std::variant<MessageKind, DropReason> kind = Classify(datagram);
  if (const DropReason* const reason = std::get_if<DropReason>(&kind)) {
    counters_->Drop(*reason);
    return nullptr;
  }
  auto work = std::make_unique<HandshakeWork>();
  work->local = *identity_;
  work->initiation = LoadMessage<InitiationMessage>(datagram.message());
  work->from = datagram.from;
  work->epoch = epoch_;
  return work;
}

Sessions::Progress Sessions::Continue(const ControlCall& call, HandshakeWork& work) {
  const bool was_last_step = work.step == HandshakeWork::Step::kRespond;
  const std::optional<DropReason> refused = Advance(call, work);
  if (!refused.has_value()) return was_last_step ? Progress::kAnswered : Progress::kNextStep;
  if (was_last_step) shared_->index_table.Release(work.local_index);
  counters_->Drop(*refused);
  return Progress::kDropped;
}

std::optional<DropReason> Sessions::Advance(const ControlCall& call, HandshakeWork& work) {
  if (!shared_->device_up.load()) return DropReason::kDeviceDown;
  if (!IsCurrent(work)) return DropReason::kHandshakeStale;
  if (work.step == HandshakeWork::Step::kOpen) {
    if (work.refused.has_value()) return work.refused;
    Peer* const claimed = peers_->Find(work.opened.remote_static);
    if (claimed == nullptr) {
      unknown_key_.Note(call.now, work.from.remote);
      last_unknown_key_ = work.opened.remote_static;
      return DropReason::kUnknownPeer;
    }
    work.peer = claimed->id();
    if (claimed->static_static_known) return Authenticate(call, *claimed, work);
    work.remote = claimed->remote;
    work.step = HandshakeWork::Step::kPrepare;
    return std::nullopt;
  }
  Peer* const peer = peers_->Find(work.peer);
  if (peer == nullptr) return DropReason::kUnknownPeer;
  if (work.step == HandshakeWork::Step::kPrepare) {
    peer->remote.static_static = work.remote.static_static;
    peer->static_static_known = true;
    return Authenticate(call, *peer, work);
  }
  // A response with a preshared key that the peer has no more would make a session with it (rule
  // 15).
  if (!(work.remote.preshared_key == peer->remote.preshared_key))
    return DropReason::kHandshakeStale;
  if (!work.response.has_value()) return DropReason::kZeroSharedSecret;
  Respond(call, *peer, work);
  return std::nullopt;
}

bool Sessions::IsCurrent(const HandshakeWork& work) const {
  return work.epoch == epoch_ && identity_.has_value();
}

std::optional<DropReason> Sessions::Authenticate(const ControlCall& call, Peer& peer,
                                                 HandshakeWork& work) {
  if (peer.remote.static_static.IsZero()) return DropReason::kZeroSharedSecret;
  const auto refused = OpenInitiationTimestamp(peer.remote, work.initiation, &work.opened);
  if (refused.has_value()) return refused;
  const Tai64n& timestamp = work.opened.timestamp;
  if (const auto too_old = CheckTimestamp(call, peer, timestamp)) return too_old;
  // Authentic and new. Check and commit are one step (rule 14): no other initiation comes between.
  stamps_.Raise(call.now, {identity_->public_key, peer.public_key(), timestamp});
  peer.accept_initiation_at = call.now + kInitiationInterval;
  Received(call, peer, sizeof work.initiation, work.from);
  peer.endpoint_unconfirmed = true;
  work.remote = peer.remote;
  work.suite = ChooseSuite(peer, timestamp);
  work.local_index = shared_->index_table.Reserve(*random_, call.now);
  work.step = HandshakeWork::Step::kRespond;
  return std::nullopt;
}

std::optional<DropReason> Sessions::CheckTimestamp(const ControlCall& call, Peer& peer,
                                                   const Tai64n& timestamp) {
  const std::optional<Tai64n> greatest = stamps_.Find(identity_->public_key, peer.public_key());
  if (greatest.has_value() && timestamp <= *greatest) {
    const absl::Duration behind = greatest->ToTime() - timestamp.ToTime();
    if (!peer.clock_warned && behind > kClockTolerance) {
      peer.clock_warned = true;
      call.out->notices.push_back(PeerClockBehind(peer.public_key(), timestamp, *greatest));
    }
    return DropReason::kInitiationReplayed;
  }
  if (call.now < peer.accept_initiation_at) return DropReason::kInitiationFlood;
  return std::nullopt;
}

void Sessions::Respond(const ControlCall& call, Peer& peer, const HandshakeWork& work) {
  // A session confirmed just now must not be discarded as unconfirmed.
  Confirm(call, peer);
  peer.endpoint_unconfirmed = false;  // from now on only the new session can be confirmed
  if (work.suite == crypto::AeadSuite::kAes256Gcm) ++peer.unconfirmed_aes_responses;
  ++counts_.responder.started[static_cast<size_t>(work.suite)];
  ++peer.attempts.responses;
  peer.timers.initiate_not_before = call.now + kRekeyTimeout;  // rule 17
  peer.timers.zeroise_at = call.now + kZeroKeysAfterTime;
  peer.keypairs.AddAsResponder(
      std::make_shared<Keypair>(work.response->keys, peer.slot.get(), call.now), call.now);
  ResponseMessage message = work.response->message;
  peer.cookies.AddMacs(MutableMessageBytes(message), call.now);
  Send(call, peer, MessageBytes(message), kHandshakeTos);
  call.out->notices.push_back({Notice::Level::kDebug, fmt::format("{}: initiation answered",
                                                                  PeerLabel(peer.public_key()))});
}

Sessions::Consumed Sessions::ConsumeResponse(const ControlCall& call,
                                             const ResponseMessage& message, const Endpoint& from) {
  const auto found = pending_.find(LoadLe32(message.receiver_index));
  if (found == pending_.end()) return DropReason::kResponseUnknownIndex;
  Peer& peer = *peers_->At(found->second);
  // A refused response changes no session: otherwise anybody who saw the initiation could end the
  // handshake (rule 1).
  const std::variant<SessionKeys, DropReason> result =
      ringwire::ConsumeResponse(*identity_, peer.remote, *peer.pending, message);
  if (const DropReason* const reason = std::get_if<DropReason>(&result)) {
    ++peer.attempts.misfits;
    return *reason;
  }
  // The index stays reserved: the session takes it over.
  pending_.erase(found);
  peer.pending.reset();
  Confirm(call, peer);
  Received(call, peer, sizeof message, from);
  peer.endpoint_unconfirmed = false;
  peer.timers.zeroise_at = call.now + kZeroKeysAfterTime;
  peer.keypairs.AddAsInitiator(
      std::make_shared<Keypair>(std::get<SessionKeys>(result), peer.slot.get(), call.now),
      call.now);
  Complete(call, peer);
  SendKeepalive(call, peer);  // tells the responder that the session is established
  return &peer;
}

Sessions::Consumed Sessions::ConsumeCookieReply(const ControlCall& call,
                                                const CookieReplyMessage& message) {
  const uint32_t index = LoadLe32(message.receiver_index);
  Peer* peer = nullptr;
  if (const auto found = pending_.find(index); found != pending_.end()) {
    peer = peers_->At(found->second);
  } else if (const Keypair* const keypair = shared_->index_table.Find(index)) {
    // A loaded initiator demands a cookie too, for our response.
    Peer* const responder = peers_->Find(keypair->peer()->id);
    if (responder != nullptr && responder->keypairs.next() == keypair) peer = responder;
  }
  if (peer == nullptr) return DropReason::kCookieReplyUnknownIndex;
  if (!peer->cookies.ConsumeReply(message, call.now)) return DropReason::kCookieReplyInvalid;
  return peer;
}

void Sessions::Received(const ControlCall& call, Peer& peer, size_t bytes, const Endpoint& from) {
  peer.MoveEndpoint(from, shared_, call.now);
  peer.slot->receive_bytes.fetch_add(bytes, std::memory_order_relaxed);
  (void)peer.slot->activity.AuthenticatedReceived(call.now);  // the caller arms the timers anyway
}

}  // namespace ringwire
