#ifndef RINGWIRE_TESTS_SUPPORT_PAIR_H_
#define RINGWIRE_TESTS_SUPPORT_PAIR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "tests/support/node.h"
#include "tests/support/packet_builder.h"

namespace ringwire {

// Two gateways, A and B, joined by a link that delivers at once, in virtual time: for tests that
// read as a story. A owns 10.0.0.1 and fd00::1 inside the tunnel, B 10.0.0.2 and fd00::2; outside
// they are 192.0.2.1 and 192.0.2.2 (or 2001:db8::1 and ::2), port 51820.
class Pair {
 public:
  struct Options {
    uint64_t seed = 1;
    bool preshared_key = false;
    bool outer_v6 = false;
    uint16_t keepalive_a = 0;      // seconds, 0: off
    bool a_knows_endpoint = true;  // B's; B does not know A's before A sends
    bool b_knows_endpoint = false;
    InboundOptions inbound{};
    bool a_has_aes = false;
    bool b_has_aes = false;
    bool b_answers_probes = true;            // false: like other implementations
    crypto::AeadProviders aead_providers{};  // of both
  };
  explicit Pair(const Options& options);
  Pair() : Pair(Options{}) {}

  // Valid until that node is restarted.
  Node& a() { return *a_; }
  Node& b() { return *b_; }
  Instant now() const { return now_; }

  // An update that makes `to` a peer of the other node.
  PeerUpdate PeerAsSeenBy(const Node& self) const;

  // Ends a gateway and starts it again with the same key and configuration. It keeps nothing else,
  // except with `with_stamps` the greatest timestamps of its peers.
  void RestartA(bool with_stamps = true) { Restart(&a_, with_stamps); }
  void RestartB(bool with_stamps = true) { Restart(&b_, with_stamps); }

  // Sends a packet of `payload_bytes` from one node's TUN to the other. False: it did not arrive
  // unchanged.
  bool SendFromA(size_t payload_bytes = 56, IpFamily family = IpFamily::kV4);
  bool SendFromB(size_t payload_bytes = 56, IpFamily family = IpFamily::kV4);
  static Bytes PacketFromA(size_t payload_bytes, IpFamily family = IpFamily::kV4);
  static Bytes PacketFromB(size_t payload_bytes, IpFamily family = IpFamily::kV4);

  // Moves datagrams until both are silent.
  void Deliver();
  // Advances time, stopping at every deadline of either node.
  void Advance(absl::Duration duration);

  // Both hosts sleep: time advances and nothing runs.
  void Suspend(absl::Duration duration);

  // All datagrams on the link, in order, lost ones included.
  struct Seen {
    bool from_a = false;
    Instant at;
    Datagram datagram;
    uint8_t type() const { return datagram.bytes[0]; }
  };
  const std::vector<Seen>& wiretap() const { return wiretap_; }
  void ClearWiretap() { wiretap_.clear(); }
  size_t CountOnWire(uint8_t message_type) const;
  std::optional<Seen> LastOnWire(uint8_t message_type) const;

  // Called for every datagram, and may change it; false loses it.
  void set_filter(std::function<bool(bool from_a, Datagram*)> filter) {
    filter_ = std::move(filter);
  }
  // The outer source addresses. A test changes them like a roaming host or a NAT.
  SocketAddress address_a, address_b;
  Endpoint FromA() const { return {address_a, address_b.address, 0}; }
  Endpoint FromB() const { return {address_b, address_a.address, 0}; }

 private:
  bool Send(Node& from, Node& to, const Bytes& packet);

  void Restart(std::unique_ptr<Node>* node, bool with_stamps);

  Options options_;
  std::unique_ptr<Node> a_;
  std::unique_ptr<Node> b_;
  uint64_t restarts_ = 0;
  Instant now_ = Instant::FromNanoseconds(1'000'000'000);
  std::function<bool(bool, Datagram*)> filter_;
  std::vector<Seen> wiretap_;
};

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SUPPORT_PAIR_H_
