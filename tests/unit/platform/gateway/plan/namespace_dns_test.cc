#include "platform/gateway/plan/namespace_dns.h"

#include <string>

#include "gtest/gtest.h"

namespace ringwire::platform {
namespace {

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

TEST(NamespaceDnsTest, ListsServersAndSearchDomainsAfterTheOwner) {
  const DnsSettings dns{{NameServer{*IpAddress::Parse("10.0.0.1")}},
                        {"corp.example", "~routed.example"}};
  EXPECT_EQ(NamespaceDnsText("wg0", dns),
            "# Made by ringwire for wg0, until ringwire down\n"
            "nameserver 10.0.0.1\n"
            "search corp.example\n");
}

TEST(NamespaceDnsTest, TheFirstLineNamesTheOwner) {
  EXPECT_EQ(NamespaceDnsOwner(FirstLine(NamespaceDnsText("wg0", {}))), "wg0");
  EXPECT_EQ(NamespaceDnsOwner(FirstLine(NamespaceDnsText("a, b", {}))), "a, b");
}

TEST(NamespaceDnsTest, ALineOfAnotherProgramNamesNoOwner) {
  for (const char* const line :
       {"", "nameserver 9.9.9.9", "# Made by ringwire for ", "# Made by ringwire for wg0",
        ", until ringwire down", "# Made by somebody for wg0, until ringwire down"}) {
    EXPECT_EQ(NamespaceDnsOwner(line), "") << line;
  }
}

}  // namespace
}  // namespace ringwire::platform
