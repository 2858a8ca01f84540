#include "platform/base/resolv_conf.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "tests/support/folder_test.h"

namespace ringwire::platform {
namespace {

class ResolvConfTest : public FolderTest {
 protected:
  std::vector<std::string> Read(const std::string& text) const {
    std::ofstream(folder_ + "/resolv.conf") << text;
    return NameServersIn(folder_ + "/resolv.conf");
  }
};

using Servers = std::vector<std::string>;

TEST_F(ResolvConfTest, ReadsTheServersInTheirOrder) {
  EXPECT_EQ(Read("# nameserver 1.1.1.1\nsearch lan\nnameserver 192.0.2.1 # the router\n"
                 "\tnameserver\tfd00::1\noptions rotate\nnameserver fe80::1%eth0\n"),
            (Servers{"192.0.2.1", "fd00::1", "fe80::1%eth0"}));
}

TEST_F(ResolvConfTest, IgnoresWhatIsNoAddress) {
  EXPECT_EQ(Read("nameserver\nnameserver dns.example\nnameserver 192.0.2.300\n;nameserver ::1\n"
                 "Nameserver ::1\nnameserver 192.0.2.1%eth0\nnameserver 192.0.2.2"),
            Servers{"192.0.2.2"});
}

TEST_F(ResolvConfTest, ReadsAtMostSoMany) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "nameserver 192.0.2." + std::to_string(i) + "\n";
  EXPECT_EQ(Read(text).size(), kNameServersMax);
}

TEST_F(ResolvConfTest, AMissingFileHasNone) {
  EXPECT_TRUE(NameServersIn(folder_ + "/none").empty());
}

TEST_F(ResolvConfTest, KnowsResolvedsStub) {
  EXPECT_TRUE(IsResolvedStub(Read("nameserver 127.0.0.53\noptions edns0\n")));
  EXPECT_FALSE(IsResolvedStub(Read("nameserver 127.0.0.53\nnameserver 192.0.2.1\n")));
  EXPECT_FALSE(IsResolvedStub(Read("nameserver 127.0.0.1\n")));
}

}  // namespace
}  // namespace ringwire::platform
