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

// The failures of a world, with their times. Keeps the first few and counts the rest.
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

// Every packet arrives at its destination, unchanged, at most once, or not at all.
class DeliveryChecker {
 public:
  explicit DeliveryChecker(Violations* violations) : violations_(violations) {}

  // The number to build into the next packet.
  uint64_t next_id() const { return packets_.size(); }
  void Sent(Instant now, size_t to_host, Bytes packet);
  void Delivered(Instant now, size_t host, const Bytes& packet);
  // Checks that all packets sent in [from, until) have arrived.
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

// Conservation of packets over one life of a host: every incoming packet is on the wire, in TUN,
// with control, staged, or dropped and counted.
class ConservationChecker {
 public:
  void CountIn() { ++in_; }
  void CountDatagramOut(const Datagram& datagram);
  void CountDelivered() { ++delivered_; }
  // `peer_count` bounds the staged packets.
  void Check(Node& node, size_t peer_count, Violations* violations) const;

 private:
  uint64_t in_ = 0;         // packets from TUN and datagrams from the wire
  uint64_t data_out_ = 0;   // messages that carry a packet
  uint64_t delivered_ = 0;  // ICMP errors of our own included
};

// A transport message went from `sender`, perhaps to `receiver`. If keypairs of both share its
// indices, they must have the same suite; returns that suite.
std::optional<crypto::AeadSuite> CheckSameSuite(Node& sender, Node& receiver,
                                                std::span<const uint8_t> message,
                                                Violations* violations);

// Indices and staged bytes stay within the peers' limits.
void CheckBounds(Node& node, size_t peer_count, Violations* violations);
// After a long silence: no host holds anything for a peer.
void CheckIdle(Node& node, Violations* violations);

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SIM_CHECKERS_H_
