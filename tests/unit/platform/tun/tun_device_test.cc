#include "platform/tun/tun_device.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <string>

#include "tests/unit/platform/io/network_namespace.h"

namespace ringwire::platform {
namespace {

using TunDeviceTest = NetworkNamespaceTest;

unsigned FlagsOf(const UniqueFd& queue) {
  ifreq request{};
  EXPECT_EQ(::ioctl(queue.get(), TUNGETIFF, &request), 0);
  return static_cast<uint16_t>(request.ifr_flags);
}

TEST_F(TunDeviceTest, CreatesADeviceWithItsQueues) {
  const absl::StatusOr<TunDevice> device = CreateTunDevice({"rwiotun", 3, true, true});
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_EQ(device->name, "rwiotun");
  EXPECT_NE(device->interface_index, 0);
  EXPECT_TRUE(device->tso);
  EXPECT_TRUE(device->uso);  // from 6.2
  ASSERT_EQ(device->queues.size(), 3);
  for (const UniqueFd& queue : device->queues) {
    const unsigned flags = FlagsOf(queue);
    EXPECT_TRUE(flags & IFF_TUN);
    EXPECT_TRUE(flags & IFF_NO_PI);
    EXPECT_TRUE(flags & IFF_VNET_HDR);
    EXPECT_TRUE(flags & IFF_MULTI_QUEUE);
    int header_size = 0;
    EXPECT_EQ(::ioctl(queue.get(), TUNGETVNETHDRSZ, &header_size), 0);
    EXPECT_EQ(header_size, 10);
    EXPECT_TRUE(::fcntl(queue.get(), F_GETFL) & O_NONBLOCK);
    EXPECT_TRUE(::fcntl(queue.get(), F_GETFD) & FD_CLOEXEC);
  }
  EXPECT_EQ(TxQueueLength("rwiotun"), 1000);
}

TEST_F(TunDeviceTest, GrantsNoSuperpacketsUnlessAsked) {
  const absl::StatusOr<TunDevice> device = CreateTunDevice({"rwiotun", 1, false, false});
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_FALSE(device->tso);
  EXPECT_FALSE(device->uso);
}

TEST_F(TunDeviceTest, RefusesANameInUseEvenByATunDeviceThatCouldBeShared) {
  const absl::StatusOr<TunDevice> first = CreateTunDevice({"rwiotun", 1, false, false});
  ASSERT_TRUE(first.ok()) << first.status();
  const absl::StatusOr<TunDevice> second = CreateTunDevice({"rwiotun", 1, false, false});
  EXPECT_TRUE(absl::IsAlreadyExists(second.status())) << second.status();
  EXPECT_NE(second.status().message().find("rwiotun"), absl::string_view::npos);
  EXPECT_TRUE(absl::IsAlreadyExists(CreateTunDevice({"lo", 1, false, false}).status()));
}

TEST_F(TunDeviceTest, TheDeviceGoesWithItsLastQueue) {
  {
    const absl::StatusOr<TunDevice> first = CreateTunDevice({"rwiotun", 2, false, false});
    ASSERT_TRUE(first.ok()) << first.status();
  }
  EXPECT_TRUE(CreateTunDevice({"rwiotun", 1, false, false}).ok());
}

TEST_F(TunDeviceTest, RefusesInvalidNames) {
  for (const char* name : {"", "sixteen-letters!", "with/slash", "with space", "."}) {
    const absl::StatusOr<TunDevice> device = CreateTunDevice({name, 1, false, false});
    EXPECT_TRUE(absl::IsInvalidArgument(device.status())) << name << ": " << device.status();
  }
  EXPECT_TRUE(CreateTunDevice({"fifteen-letters", 1, false, false}).ok());
}

}  // namespace
}  // namespace ringwire::platform
