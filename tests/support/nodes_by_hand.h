#ifndef RINGWIRE_TESTS_SUPPORT_NODES_BY_HAND_H_
#define RINGWIRE_TESTS_SUPPORT_NODES_BY_HAND_H_

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "core/device/device_update.h"
#include "core/wire/address.h"
#include "tests/support/node.h"
#include "tests/support/packet_builder.h"

namespace ringwire {

// A few nodes, numbered as hosts, whose datagrams the test carries by hand, one by one.
class NodesByHandTest : public testing::Test {
 protected:
  static SocketAddress AddressOf(uint8_t host) {
    return {IpAddress::V4(std::array<uint8_t, 4>{192, 0, 2, host}), 51820};
  }
  // `peer` has the number `host`.
  static void AddPeer(Instant now, Node& node, const Node& peer, uint8_t host) {
    PeerUpdate update;
    update.public_key = peer.public_key();
    update.endpoint = AddressOf(host);
    update.allowed_ips.push_back({Prefix::Of(TestAddress(IpFamily::kV4, host), 32), false});
    DeviceUpdate device;
    device.peers.push_back(update);
    ASSERT_TRUE(node.Apply(now, device).ok());
  }
};

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SUPPORT_NODES_BY_HAND_H_
