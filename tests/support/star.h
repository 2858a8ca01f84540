#ifndef RINGWIRE_TESTS_SUPPORT_STAR_H_
#define RINGWIRE_TESTS_SUPPORT_STAR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/wire/constants.h"
#include "tests/support/node.h"
#include "tests/support/packet_builder.h"

namespace ringwire {

// One gateway, the hub, with several peers that all have a session with it: for tests of batches
// with more than one peer. Inside the tunnel the hub is 10.0.0.1 and spoke i is 10.0.0.(10 + i);
// outside they are 192.0.2.1 and 192.0.2.(10 + i).
class Star {
 public:
  explicit Star(size_t spokes, InboundOptions inbound = {}) : hub_(1, inbound) {
    hub_.Start(now_);
    for (size_t i = 0; i < spokes; ++i) {
      Node& spoke = *spokes_.emplace_back(std::make_unique<Node>(2 + i, inbound));
      spoke.Start(now_);
      DeviceUpdate hub_update, spoke_update;
      hub_update.peers.push_back({.public_key = spoke.public_key(),
                                  .allowed_ips = {{Prefix::Of(SpokeInside(i), 32), false}}});
      spoke_update.peers.push_back({.public_key = hub_.public_key(),
                                    .endpoint = Outside(1),
                                    .allowed_ips = {{Prefix::Of(HubInside(), 32), false}}});
      CHECK(hub_.Apply(now_, hub_update).ok() && spoke.Apply(now_, spoke_update).ok());
      spoke.FromTun(now_, BuildPacket({.source = SpokeInside(i), .destination = HubInside()}));
      Exchange(i);
      CHECK(hub_.TakeDelivered().size() == 1);
    }
  }

  Node& hub() { return hub_; }
  Node& spoke(size_t i) { return *spokes_[i]; }
  Instant now() const { return now_; }

  static IpAddress HubInside() { return TestAddress(IpFamily::kV4, 1); }
  static IpAddress SpokeInside(size_t i) {
    return TestAddress(IpFamily::kV4, static_cast<uint8_t>(10 + i));
  }
  // The source of the spoke's datagrams, as the hub sees it.
  static Endpoint FromSpoke(size_t i) {
    return {Outside(static_cast<uint8_t>(10 + i)), Outside(1).address, 0};
  }

  // And the source of the hub's, as the spoke sees it.
  static Endpoint FromHub(size_t i) { return {Outside(1), FromSpoke(i).remote.address, 0}; }

  // Seals a packet at the spoke and does not deliver it.
  Bytes SealFromSpoke(size_t i, const Bytes& packet) {
    spoke(i).FromTun(now_, packet);
    std::vector<Datagram> datagrams = spoke(i).TakeDatagrams();
    CHECK(datagrams.size() == 1);
    return std::move(datagrams[0].bytes);
  }
  // Starts a new session with a spoke, which uses it already. The hub still opens packets of the
  // old one.
  void Renew(size_t i) {
    now_ = now_ + kRekeyAfterTime;
    spoke(i).FromTun(now_, BuildPacket({.source = SpokeInside(i), .destination = HubInside()}));
    Exchange(i);
    CHECK(hub_.TakeDelivered().size() == 1);
  }
  // Carries datagrams between the hub and a spoke until both are silent.
  void Exchange(size_t i) {
    for (int round = 0; round < 10; ++round) {
      for (const Datagram& datagram : spoke(i).TakeDatagrams())
        hub_.FromWire(now_, FromSpoke(i), datagram.bytes);
      for (const Datagram& datagram : hub_.TakeDatagrams())
        spoke(i).FromWire(now_, FromHub(i), datagram.bytes);
    }
  }

 private:
  static SocketAddress Outside(uint8_t host) {
    SocketAddress address = *SocketAddress::Parse("192.0.2.1:51820");
    address.address.bytes[3] = host;
    return address;
  }

  Instant now_ = Instant::FromNanoseconds(1'000'000'000);
  Node hub_;
  std::vector<std::unique_ptr<Node>> spokes_;
};

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SUPPORT_STAR_H_
