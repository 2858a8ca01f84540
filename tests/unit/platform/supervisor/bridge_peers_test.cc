#include "platform/supervisor/bridge_peers.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/device/key_text.h"
#include "tests/unit/platform/supervisor/doubles.h"

namespace ringwire::platform {
namespace {

IpAddress Address(const char* text) { return *IpAddress::Parse(text); }

TEST(BridgePeersTest, TheFileGivesNamesAndOrderAndTheDeviceTheAddresses) {
  const ConfigFile config = ParseTestConfig(
      std::string("[Peer]\nName = b\nPublicKey = ") + kTestPeer +
      "\nAllowedIPs = 10.77.0.9/32, 10.77.0.2/32, 10.77.0.3/32\n"
      "[Peer]\nName = gone\nPublicKey = 6NAjGKT3vEVyZJrYaR8XKcJnpGyMGNdlmhPQkCFuKnM=\n");
  const crypto::PublicKey live{7};
  const std::vector<BridgePeer> peers =
      BridgePeersWith({{live, {Address("10.77.0.4")}},
                       {config.peers[0].public_key,
                        {Address("10.77.0.1"), Address("10.77.0.2"), Address("10.77.0.9")}}},
                      config);
  const std::vector<BridgePeer> expected = {
      {"b", {Address("10.77.0.9"), Address("10.77.0.2"), Address("10.77.0.1")}},
      {KeyToBase64(live), {Address("10.77.0.4")}}};
  EXPECT_EQ(peers, expected);
}

}  // namespace
}  // namespace ringwire::platform
