#ifndef RINGWIRE_TESTS_SIM_WIRETAP_H_
#define RINGWIRE_TESTS_SIM_WIRETAP_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include "core/base/instant.h"
#include "core/base/peer_id.h"
#include "tests/sim/checkers.h"
#include "tests/support/node.h"

namespace ringwire {

// Listens where datagrams leave their host, before the network changes them, and checks everything
// that is visible there without a key.
//
// A host is known by its number in the world. `life` counts its starts, because each start begins
// without state.
class Wiretap {
 public:
  struct Sender {
    size_t host = 0;
    uint32_t life = 0;
    friend auto operator<=>(const Sender&, const Sender&) = default;
  };

  explicit Wiretap(Violations* violations) : violations_(violations) {}

  void Record(Instant now, const Sender& from, const Datagram& datagram);
  // The operator changed the key or the link's state: this host may initiate at once.
  void AllowInitiations(const Sender& host);
  // `host` opened the message and got a packet.
  void CheckOpened(Instant now, size_t host, std::span<const uint8_t> message);

  // A digest of all datagrams, senders and times: two runs with the same digest were the same.
  uint64_t hash() const { return hash_; }
  uint64_t count() const { return count_; }
  uint64_t initiations() const { return initiations_; }
  Instant last_at() const { return last_at_; }

 private:
  using Peer = std::tuple<Sender, uint32_t, uint32_t>;  // a sender's PeerId
  using Session = std::pair<size_t, uint32_t>;          // a host and an index of its own

  void CheckShape(const Datagram& datagram);
  void RecordInitiation(Instant now, const Peer& peer);
  void RecordResponse(Instant now, const Sender& from, const Peer& peer, const Datagram& datagram);
  void RecordTransport(Instant now, const Sender& from, const Datagram& datagram);
  void Hash(std::span<const uint8_t> bytes);

  Violations* const violations_;
  uint64_t hash_ = 0xcbf29ce484222325;
  uint64_t count_ = 0;
  uint64_t initiations_ = 0;
  Instant last_at_;

  std::map<Peer, Instant> initiate_not_before_;
  // The responder's index of an answered initiation, by the initiation's index.
  std::map<uint32_t, Session> answers_;
  // The initiator's index, by the responder's.
  std::map<uint32_t, uint32_t> initiator_index_;
  // The time from which a host can receive under one of its indices.
  std::map<Session, Instant> since_;
  std::set<std::tuple<size_t, uint32_t, uint64_t>> nonces_;  // sender, receiver index, counter
};

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SIM_WIRETAP_H_
