#include "platform/names/resolver_files.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringwire::platform {
namespace {

using Names = std::vector<std::string>;

Names InHosts(const std::string& hosts, const std::string& name) {
  Names texts;
  for (const SocketAddress& address : AddressesInHosts(hosts, name)) {
    texts.push_back(address.address.ToString());
  }
  return texts;
}

TEST(HostsFileTest, GivesEachAddressOfANameInOrder) {
  const std::string hosts =
      "127.0.0.1 localhost\n"
      "# 192.0.2.9 gateway.example\n"
      "192.0.2.1\tgateway.example  gw # 192.0.2.8 gateway\n"
      "2001:db8::1 other GATEWAY.Example\r\n"
      "nonsense gateway.example\n"
      "fe80::1%eth0 gateway.example\n"
      "\n   \n"
      "192.0.2.2 gateway.example.";
  EXPECT_EQ(InHosts(hosts, "gateway.example"), (Names{"192.0.2.1", "2001:db8::1", "192.0.2.2"}));
  EXPECT_EQ(InHosts(hosts, "gateway.example."), InHosts(hosts, "gateway.example"));
  EXPECT_EQ(InHosts(hosts, "gw"), Names{"192.0.2.1"});
  EXPECT_EQ(InHosts(hosts, "gateway"), Names());
  EXPECT_EQ(InHosts(hosts, "192.0.2.1"), Names());
  EXPECT_EQ(InHosts("", "gw"), Names());
}

TEST(NamesToAskTest, ANameWithADotIsAskedForAsItIsFirst) {
  const std::string file = "nameserver 192.0.2.53\nsearch one.example two.example.\n";
  EXPECT_EQ(NamesToAsk(file, "a.b"), (Names{"a.b.", "a.b.one.example.", "a.b.two.example."}));
  EXPECT_EQ(NamesToAsk(file, "a"), (Names{"a.one.example.", "a.two.example.", "a."}));
  EXPECT_EQ(NamesToAsk(file, "a."), Names{"a."});
  EXPECT_EQ(NamesToAsk("", "a"), Names{"a."});
}

TEST(NamesToAskTest, FollowsTheOptionsOfTheFile) {
  EXPECT_EQ(NamesToAsk("search x\noptions timeout:1 ndots:2\n", "a.b"), (Names{"a.b.x.", "a.b."}));
  EXPECT_EQ(NamesToAsk("search x\noptions ndots:z\n", "a.b"), (Names{"a.b.", "a.b.x."}));
  EXPECT_EQ(NamesToAsk("domain x\nsearch y z\n", "a"), (Names{"a.y.", "a.z.", "a."}));
  EXPECT_EQ(NamesToAsk("search y z\n  domain x\n", "a"), (Names{"a.x.", "a."}));
  EXPECT_EQ(NamesToAsk("search 1 2 3 4 5 6 7 8\n", "a").size(), 7U);
}

}  // namespace
}  // namespace ringwire::platform
