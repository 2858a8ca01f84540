#include "core/config/connect_config.h"

#include <gtest/gtest.h>

#include <string>

#include "core/config/config_file.h"
#include "fmt/format.h"

namespace ringwire {
namespace {

constexpr char kPin[] = "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

ConfigParse Parse(const std::string& keys, const std::string& rest = "") {
  return ParseConfigFile("[Connect]\nServer = vpn.example.net\n" + keys + rest);
}

std::string FirstError(const ConfigParse& parse) {
  return parse.errors.empty() ? "" : parse.errors.front().ToString("f");
}

TEST(ConnectConfigTest, AServerIsEnough) {
  const ConfigParse parse = Parse("");
  ASSERT_TRUE(parse.ok()) << FirstError(parse);
  ASSERT_TRUE(parse.config.connect.has_value());
  const ConnectConfig& connect = *parse.config.connect;
  EXPECT_EQ(connect.server, (EndpointName{"vpn.example.net", 443}));
  EXPECT_TRUE(connect.takes_dns);
  EXPECT_FALSE(connect.routes.has_value());
  EXPECT_FALSE(connect.pin.has_value());
  EXPECT_TRUE(parse.warnings.empty());
}

TEST(ConnectConfigTest, ReadsEveryKey) {
  const ConfigParse parse = Parse(
      fmt::format("User = alice\nDevice = Alice's laptop\nPasswordFile = /etc/ringwire/password\n"
                  "CA = ca.pem\nPin = {}\nRoutes = 10.0.0.0/8\nRoutes = fd00::/8\nDNS = off\n"
                  "PostQuantum = require\n",
                  kPin));
  ASSERT_TRUE(parse.ok()) << FirstError(parse);
  const ConnectConfig& connect = *parse.config.connect;
  EXPECT_EQ(connect.user, "alice");
  EXPECT_EQ(connect.device, "Alice's laptop");
  EXPECT_EQ(connect.password_file, "/etc/ringwire/password");
  EXPECT_EQ(connect.ca, "ca.pem");
  ASSERT_TRUE(connect.pin.has_value());
  EXPECT_EQ((*connect.pin)[31], 31);
  EXPECT_EQ(connect.routes,
            (std::vector<Prefix>{*Prefix::Parse("10.0.0.0/8"), *Prefix::Parse("fd00::/8")}));
  EXPECT_FALSE(connect.takes_dns);
  EXPECT_EQ(connect.post_quantum, PostQuantum::kRequire);
}

TEST(ConnectConfigTest, AServerMayHaveAPort) {
  EXPECT_EQ(ParseConnectServer("vpn.example.net:8443"), (EndpointName{"vpn.example.net", 8443}));
  EXPECT_EQ(ParseConnectServer("192.0.2.1"), (EndpointName{"192.0.2.1", 443}));
  EXPECT_EQ(ParseConnectServer("2001:db8::1"), (EndpointName{"2001:db8::1", 443}));
  EXPECT_EQ(ParseConnectServer("[2001:db8::1]"), (EndpointName{"2001:db8::1", 443}));
  EXPECT_EQ(ParseConnectServer("[2001:db8::1]:8443"), (EndpointName{"2001:db8::1", 8443}));
}

TEST(ConnectConfigTest, RefusesWhatIsNoServer) {
  for (const char* const text : {"", ":", "a b", "vpn/x", "vpn:0x1", "$(id)", "vpn:99999"}) {
    EXPECT_FALSE(ParseConnectServer(text).has_value()) << text;
  }
}

TEST(ConnectConfigTest, RefusesWhatIsNoPin) {
  const std::string pin = kPin;
  EXPECT_TRUE(ParseConnectPin(pin).has_value());
  EXPECT_FALSE(ParseConnectPin(pin.substr(0, pin.size() - 1)).has_value());
  EXPECT_FALSE(ParseConnectPin(pin.substr(8)).has_value());
  EXPECT_FALSE(ParseConnectPin("sha1//" + pin.substr(8)).has_value());
}

TEST(ConnectConfigTest, NamesTheLineOfAnError) {
  EXPECT_EQ(FirstError(Parse("Pin = x\n")).substr(0, 6), "f:3:7:");
  EXPECT_EQ(FirstError(Parse("DNS = 10.0.0.1\n")), "f:3:7: DNS must be on or off, not '10.0.0.1'");
  EXPECT_NE(FirstError(Parse("Routes = everything\n")), "");
  EXPECT_NE(FirstError(Parse("User = a\tb\n")), "");
}

TEST(ConnectConfigTest, NothingElseMayBeThePeer) {
  EXPECT_NE(FirstError(Parse("",
                             "[Peer]\nPublicKey = "
                             "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n")),
            "");
  EXPECT_NE(FirstError(Parse("", "[Interface]\nSaveConfig = true\n")), "");
  EXPECT_EQ(FirstError(ParseConfigFile("[Connect]\nUser = alice\n")),
            "f:1:1: [Connect] has no Server");
}

TEST(ConnectConfigTest, KeysOfOtherSectionsWorkBeside) {
  const ConfigParse parse =
      Parse("", "[Interface]\nDNS = 192.0.2.53\nMTU = 1400\n[Gateway]\nKillSwitch = on\n");
  ASSERT_TRUE(parse.ok()) << FirstError(parse);
  EXPECT_TRUE(parse.warnings.empty());
  EXPECT_EQ(parse.config.mtu, 1400);
}

}  // namespace
}  // namespace ringwire
