#ifndef RINGWIRE_TESTS_SIM_CHECKERS_H_
#define RINGWIRE_TESTS_SIM_CHECKERS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/instant.h"
#include "crypto/aead.h"
#include "tests/support/node.h"
#include "tests/support/packet_builder.h"

namespace ringwire {

// What went wrong in a world, with the time. Keeps the first few and counts the rest.
class Violations {
 public:
  explicit Violations(const Instant* now) : now_(now) {}
  void Add(std::string text);
  bool empty() const { return count_ == 0; }
  std::string ToString() const;

 private:
  const Instant* const now_;
  size_t count_ = 0;
  std::vector<std::string> first_;
};

// Every packet put in comes out at its destination, unchanged, at most once, or not at all.
class DeliveryChecker {
 public:
  explicit DeliveryChecker(Violations* violations) : violations_(violations) {}

  // The number for the next packet, to be built into it.
  uint64_t next_id() const { return packets_.size(); }
  void Sent(Instant now, size_t to_host, Bytes packet);
  void Delivered(Instant now, size_t host, const Bytes& packet);
  // Of the packets sent in [from, until), which should all have arrived by now.
  void CheckAllDelivered(Instant from, Instant until);
  uint64_t delivered_count() const { return delivered_count_; }

 private:
  struct Packet {
    Instant sent_at;
    size_t to_host = 0;
    Bytes bytes;
    int delivered = 0;
  };
  Violations* const violations_;
  std::vector<Packet> packets_;
  uint64_t delivered_count_ = 0;
};

// The law of conservation over one life of a host: what went in is on the wire, in TUN, with
// control, staged, or dropped and counted.
class ConservationChecker {
 public:
  void CountIn() { ++in_; }
  void CountDatagramOut(const Datagram& datagram);
  void CountDelivered() { ++delivered_; }
  // `peer_count` bounds what may be staged.
  void Check(Node& node, size_t peer_count, Violations* violations) const;

 private:
  uint64_t in_ = 0;         // packets from TUN and datagrams from the wire
  uint64_t data_out_ = 0;   // messages that carry a packet
  uint64_t delivered_ = 0;  // ICMP errors of our own included
};

// A transport message went from `sender` to somebody, perhaps to `receiver`: the two keypairs that
// share its indices have the same suite. The suite, if they are the ones.
std::optional<crypto::AeadSuite> CheckSameSuite(Node& sender, Node& receiver,
                                                std::span<const uint8_t> message,
                                                Violations* violations);

// Indices and staged bytes stay within what the peers may hold.
void CheckBounds(Node& node, size_t peer_count, Violations* violations);
// Once nobody has said anything for long: nothing is held for anybody.
void CheckIdle(Node& node, Violations* violations);

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SIM_CHECKERS_H_
