#include <gtest/gtest.h>
#include <net/if.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "platform/io/backend_factory.h"
#include "platform/tun/tun_device.h"
#include "tests/unit/platform/io/network_namespace.h"

namespace ringwire::platform {
namespace {

class ProbeTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string obstacle = NetworkNamespace::Obstacle(); !obstacle.empty()) {
      GTEST_SKIP() << "SKIP: " << obstacle;
    }
    namespace_.emplace();
  }
  std::optional<NetworkNamespace> namespace_;
};

TEST_F(ProbeTest, FindsIoUringUsableAndLeavesNoDeviceBehind) {
  SetLinkUp("lo", false);  // needs nobody's help
  for (int i = 0; i < 3; ++i) {
    const absl::Status status = ProbeIoUring();
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(::if_nametoindex(("rwprobe" + std::to_string(::getpid())).c_str()), 0);
  }
}

TEST_F(ProbeTest, SaysWhatWasRefused) {
  const absl::StatusOr<TunDevice> in_the_way =
      CreateTunDevice({"rwprobe" + std::to_string(::getpid()), 1, false, false});
  ASSERT_TRUE(in_the_way.ok()) << in_the_way.status();
  const absl::Status status = ProbeIoUring();
  EXPECT_TRUE(absl::IsAlreadyExists(status)) << status;
}

}  // namespace
}  // namespace ringwire::platform
