#ifndef RINGWIRE_TESTS_MODEL_GATEWAY_MODEL_H_
#define RINGWIRE_TESTS_MODEL_GATEWAY_MODEL_H_

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "core/base/instant.h"
#include "core/noise/tai64n.h"
#include "core/wire/address.h"
#include "crypto/secret.h"
#include "tests/model/far_end.h"

namespace ringwire::model {

inline constexpr int kPeers = 3;

// What the gateway must do, written from the WireGuard paper (§5.4, §6) and the manual, not from
// the code. It holds no keys: the test tells it what happened, then each thing that the gateway
// did, and it says what was wrong. Times that the paper leaves to chance (the jitter of retries)
// are windows.
class GatewayModel {
 public:
  // -- what happens to the gateway
  void AddPeer(Instant now, int peer, std::optional<SocketAddress> endpoint, int keepalive);
  void RemovePeer(int peer);
  void SetPsk(int peer, const crypto::PresharedKey& psk);
  void SetEndpoint(int peer, const SocketAddress& endpoint);
  void SetKeepalive(Instant now, int peer, int seconds);
  void SetLinkUp(Instant now, bool up);
  void LocalPacket(Instant now, int peer, int packet);
  void Receive(Instant now, const Mail& mail, const SocketAddress& from);

  // -- what the gateway did
  void SentInitiation(Instant now, int peer, const SocketAddress& to, std::optional<bool> cookie);
  // `session`: what the far end makes of it; 0: nothing.
  void SentResponse(Instant now, int peer, const SocketAddress& to, int session,
                    std::optional<bool> cookie);
  // `packet` 0: a keepalive.
  void SentData(Instant now, int peer, const SocketAddress& to, int session, uint64_t counter,
                int packet);
  void Delivered(int packet);

  // Everything that was due until `now` must have happened.
  void CheckDue(Instant now);

  bool present(int peer) const { return peers_[Index(peer)].present; }
  bool link_up() const { return link_up_; }
  // The gateway may have given its handshake up already, or not: jitter decides. Whatever happens
  // to this peer now has two outcomes, so the test lets nothing happen.
  bool IsUnsure(Instant now, int peer) const { return MayHaveGivenUp(now, peers_[Index(peer)]); }
  std::optional<SocketAddress> endpoint(int peer) const { return peers_[Index(peer)].endpoint; }
  // Empty: everything was as it must be.
  const std::string& violation() const { return violation_; }
  // How often each rule was at work.
  const std::map<std::string, int>& coverage() const { return coverage_; }

 private:
  // The gateway has it, and no far end: it answered an initiation of which the far end had begun
  // another one since.
  static constexpr int kSessionOfNobody = -1;
  struct Session {
    int number = 0;  // 0: none
    bool is_initiator = false;
    Instant created;
    std::set<uint64_t> received{};
    uint64_t greatest = 0;
    uint64_t next_to_send = 0;
    bool asked_on_receive = false;
  };
  // Something that must happen within a window.
  struct Due {
    Instant from = Instant::InfiniteFuture();
    Instant until = Instant::InfiniteFuture();
    bool is_set() const { return !from.IsInfiniteFuture(); }
  };
  struct Peer {
    bool present = false;
    std::optional<SocketAddress> endpoint;
    crypto::PresharedKey psk;
    int keepalive = 0;
    std::optional<Tai64n> greatest_stamp;  // outlives removal
    Instant accept_at;
    Session current, previous, next;
    std::deque<int> staged;

    Due initiation;  // of the handshake that is wanted or under way
    int attempts = 0;
    // There was a reason for another handshake when the gateway may have given this one up already.
    bool may_begin_again = false;
    int initiations = 0;   // sent ever: the number of the last one
    bool pending = false;  // the last one waits for its response
    bool may_take_cookie = false;
    Instant initiate_not_before;
    std::optional<Instant> cookie_at;
    bool response_is_due = false;

    // When the first unanswered data was sent, at the earliest and at the latest: the gateway
    // begins anew at a moment that only its jitter knows.
    std::optional<Instant> unanswered_early, unanswered_late;
    bool unanswered_is_unsure = false;  // or it has noticed already, during a handshake
    bool wants_because_unanswered = false;
    std::optional<Instant> unacknowledged_since;
    bool more_data = false;
    bool another_keepalive = false;  // 10 s after the one that is due now, for data that came later
    std::optional<Instant> last_traversal;
    Instant persistent_not_before;
    bool keepalive_due = false;  // at once
  };

  static size_t Index(int peer) { return static_cast<size_t>(peer) - 1; }
  void Violate(int peer, Instant now, const std::string& what);
  void Cover(const std::string& rule) { ++coverage_[rule]; }

  // Its jitter decides when, from then on.
  static bool MayHaveGivenUp(Instant now, const Peer& peer);
  void GiveUp(Peer& peer);
  bool Reachable(const Peer& peer) const { return link_up_ && peer.present && peer.endpoint; }
  static bool Usable(const Session& session, Instant now);
  void Want(Instant now, Peer& peer);
  void WantKeepalive(Instant now, Peer& peer);
  void Renew(Instant now, Peer& peer);
  void SentAnything(Instant now, Peer& peer);
  void ReceivedAnything(Instant now, Peer& peer, const SocketAddress& from);
  void Established(Peer& peer);
  // What the gateway's clock makes due by `now`.
  void Tick(Instant now, int peer);
  void CheckCookie(Instant now, int number, std::optional<bool> cookie);
  void ReceiveData(Instant now, const Mail& mail, const SocketAddress& from);
  void ReceiveResponse(Instant now, const Mail& mail, const SocketAddress& from);

  std::array<Peer, kPeers> peers_;
  bool link_up_ = true;
  std::multiset<int> to_deliver_;
  std::string violation_;
  std::map<std::string, int> coverage_;
};

}  // namespace ringwire::model

#endif  // RINGWIRE_TESTS_MODEL_GATEWAY_MODEL_H_
