#include "platform/control/machine_copy_watch.h"

#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

namespace ringwire::platform {
namespace {

std::string Uevent(const std::string& last) {
  std::string text = "change@/devices/platform/vmgenid";
  for (const std::string& entry : {std::string("ACTION=change"), std::string("SEQNUM=7"), last}) {
    text += '\0';
    text += entry;
  }
  return text + '\0';
}

TEST(MachineCopyWatchTest, KnowsTheUeventOfANewGeneration) {
  EXPECT_TRUE(SaysThatTheMachineWasCopied(Uevent("NEW_VMGENID=1")));
  EXPECT_TRUE(SaysThatTheMachineWasCopied("NEW_VMGENID=1"));
  for (const char* const other : {"NEW_VMGENID=0", "NEW_VMGENID=11", "OLD_NEW_VMGENID=1", ""}) {
    EXPECT_FALSE(SaysThatTheMachineWasCopied(Uevent(other))) << other;
  }
  EXPECT_FALSE(SaysThatTheMachineWasCopied(""));
  EXPECT_FALSE(SaysThatTheMachineWasCopied(std::string(3, '\0')));
}

TEST(MachineCopyWatchTest, BelievesNobodyButTheKernel) {
  absl::StatusOr<MachineCopyWatch> watch = MachineCopyWatch::Open();
  ASSERT_TRUE(watch.ok()) << watch.status();
  EXPECT_FALSE(watch->Read());
  sockaddr_nl to{};
  socklen_t size = sizeof(to);
  ASSERT_EQ(::getsockname(watch->fd(), reinterpret_cast<sockaddr*>(&to), &size), 0);
  const UniqueFd sender(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT));
  const std::string uevent = Uevent("NEW_VMGENID=1");
  to.nl_groups = 0;
  const ssize_t sent = ::sendto(sender.get(), uevent.data(), uevent.size(), 0,
                                reinterpret_cast<const sockaddr*>(&to), sizeof(to));
  if (sent < 0 && errno == EPERM) GTEST_SKIP() << "only root can try";
  ASSERT_EQ(sent, static_cast<ssize_t>(uevent.size()));
  EXPECT_FALSE(watch->Read());
}

}  // namespace
}  // namespace ringwire::platform
