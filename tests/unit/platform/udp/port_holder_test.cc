#include "platform/udp/port_holder.h"

#include <unistd.h>

#include <string>

#include "gtest/gtest.h"
#include "platform/udp/udp_socket.h"

namespace ringwire::platform {
namespace {

TEST(PortHolderTest, NamesTheProcessByItsCommandAndNumber) {
  const absl::StatusOr<UdpSocketGroup> group = OpenUdpSockets({});
  ASSERT_TRUE(group.ok()) << group.status();
  const std::string holder = HolderOfUdpPort(group->port);
  EXPECT_NE(holder.find("_test"), std::string::npos) << holder;
  EXPECT_TRUE(holder.ends_with("(process " + std::to_string(::getpid()) + ")")) << holder;
}

TEST(PortHolderTest, NamesNobodyOfAFreePort) {
  uint16_t port = 0;
  {
    const absl::StatusOr<UdpSocketGroup> group = OpenUdpSockets({});
    ASSERT_TRUE(group.ok()) << group.status();
    port = group->port;
  }
  EXPECT_EQ(HolderOfUdpPort(port), "");
}

}  // namespace
}  // namespace ringwire::platform
