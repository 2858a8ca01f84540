#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/device/apply.h"
#include "tests/support/control_pair.h"
#include "tests/support/random_changes.h"

namespace ringwire {
namespace {

std::vector<PeerStatus> ByKey(std::vector<PeerStatus> peers) {
  std::ranges::sort(peers, {}, &PeerStatus::public_key);
  for (PeerStatus& peer : peers) std::ranges::sort(peer.allowed_ips);
  return peers;
}

void ExpectTheSame(const PeerStatus& actual, const PeerStatus& expected) {
  EXPECT_EQ(actual.public_key, expected.public_key);
  EXPECT_TRUE(actual.preshared_key == expected.preshared_key);
  EXPECT_EQ(actual.name, expected.name);
  EXPECT_EQ(actual.endpoint_name, expected.endpoint_name);
  EXPECT_EQ(actual.endpoint, expected.endpoint);
  EXPECT_EQ(actual.persistent_keepalive_seconds, expected.persistent_keepalive_seconds);
  EXPECT_EQ(actual.allowed_ips, expected.allowed_ips);
  EXPECT_EQ(actual.transport_cipher, expected.transport_cipher);
}

// A reload and a save compute with the pure Apply(); the control plane changes live peers.
TEST(ControlApplyTest, AChangeLeavesThePeersThatThePureApplySays) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomChanges changes(seed);
    ControlNode node(seed, "192.0.2.9:1", "10.9.9.9");
    const Instant now = Instant() + absl::Hours(1);
    std::vector<PeerStatus> expected;
    for (int round = 0; round < 4; ++round) {
      const DeviceUpdate update = changes.Whole(/*replace_peers=*/round == 2);
      ASSERT_TRUE(node.Apply(now, update).ok());
      expected = Apply(std::move(expected), update);
      const std::vector<PeerStatus> wanted = ByKey(expected);
      const std::vector<PeerStatus> actual =
          ByKey(node.control->Status(now, node.WallAt(now)).peers);
      ASSERT_EQ(actual.size(), wanted.size());
      for (size_t i = 0; i < actual.size(); ++i) ExpectTheSame(actual[i], wanted[i]);
      if (testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace ringwire
