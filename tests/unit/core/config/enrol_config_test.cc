#include "core/config/enrol_config.h"

#include <string>
#include <string_view>
#include <utility>

#include "core/config/config_file.h"
#include "core/config/config_save.h"
#include "core/config/named_values.h"
#include "fmt/format.h"
#include "gtest/gtest.h"

namespace ringwire {
namespace {

constexpr std::string_view kInterface =
    "[Interface]\nPrivateKey = 4Nr7bZ5DFgXt2a5bA9CmXyNa8Rcbt6GEjbhDTqBzf2c=\n"
    "ListenPort = 51820\nAddress = 10.8.0.1/24, fd08::1/64\n";
constexpr std::string_view kEnrol =
    "[Enrol]\nServerName = VPN.example.net\nCertificate = chain.pem\nCertificateKey = key.pem\n";

ConfigParse Parse(std::string_view more, std::string_view interface = kInterface) {
  return ParseConfigFile(fmt::format("{}{}{}", interface, kEnrol, more));
}

// The one error, without its position.
std::string ErrorOf(const ConfigParse& parse) {
  return parse.errors.size() == 1 ? parse.errors[0].message : "not one error";
}
std::string ErrorOf(std::string_view line) { return ErrorOf(Parse(line)); }

TEST(EnrolConfigTest, HasDefaultsForEverythingButNameAndCertificate) {
  const ConfigParse parse = Parse("");
  ASSERT_TRUE(parse.ok());
  EXPECT_TRUE(parse.warnings.empty());
  EnrolConfig expected;
  expected.server_names = {"vpn.example.net"};
  expected.certificate = "chain.pem";
  expected.certificate_key = "key.pem";
  EXPECT_EQ(*parse.config.enrol, expected);
  EXPECT_FALSE(ParseConfigFile(kInterface).config.enrol.has_value());
}

TEST(EnrolConfigTest, ReadsEveryKey) {
  const ConfigParse parse = Parse(
      "Listen = [::]:443, 192.0.2.1:8443\nServerName = 192.0.2.1\nAuthenticate = password\n"
      "Users = /etc/users\nPool = 10.8.0.128/25\nRoutes = 10.0.0.0/8, ::/0\n"
      "DNS = 10.8.0.1, ~corp.example\nMTU = 1400\nKeepalive = off\nEndpoint = a.example:51820\n"
      "Lease = 10m\nSession = 7d\nDevices = 2\nMaxLeases = 100\nPostQuantum = require\n"
      "Portals = 3\n");
  ASSERT_TRUE(parse.ok()) << parse.errors[0].message;
  const EnrolConfig& enrol = *parse.config.enrol;
  ASSERT_EQ(enrol.listen.size(), 2U);
  EXPECT_EQ(enrol.listen[1].ToString(), "192.0.2.1:8443");
  EXPECT_EQ(enrol.server_names.back(), "192.0.2.1");
  EXPECT_EQ(enrol.users, "/etc/users");
  EXPECT_EQ(enrol.pool[0].ToString(), "10.8.0.128/25");
  EXPECT_EQ(enrol.routes[1].ToString(), "::/0");
  EXPECT_EQ(enrol.dns.search[0], "~corp.example");
  EXPECT_EQ(enrol.mtu, 1400);
  EXPECT_EQ(enrol.keepalive_s, 0);
  EXPECT_EQ(enrol.endpoints[0].ToString(), "a.example:51820");
  EXPECT_EQ(enrol.lease_s, 600U);
  EXPECT_EQ(enrol.session_s, 7U * 24 * 3600);
  EXPECT_EQ(enrol.devices_max, 2U);
  EXPECT_EQ(enrol.leases_max, 100U);
  EXPECT_EQ(enrol.post_quantum, PostQuantum::kRequire);
  EXPECT_EQ(enrol.portals, 3);
}

TEST(EnrolConfigTest, SaysWhatEachValueMustBe) {
  EXPECT_EQ(ErrorOf("Listen = 443"),
            "Listen must be addresses with a TCP port, like [::]:443 or 192.0.2.1:443, not '443'");
  EXPECT_EQ(ErrorOf("ServerName = a_b"),
            "ServerName must be names or addresses of this server as in its certificate, not "
            "'a_b'");
  EXPECT_EQ(ErrorOf("Authenticate = token"), "Authenticate must be password, not 'token'");
  EXPECT_EQ(ErrorOf("Lease = 60"),
            "Lease must be a time from 5m to 30d, like 90m, 1h or 7d, not '60'");
  EXPECT_EQ(ErrorOf("Lease = 31d"),
            "Lease must be a time from 5m to 30d, like 90m, 1h or 7d, not '31d'");
  EXPECT_EQ(ErrorOf("Session = 30m"),
            "Session is shorter than Lease; a session lasts at least one lease");
  EXPECT_EQ(ErrorOf("MTU = 1000"), "MTU must be a number from 1280 to 9000, not '1000'");
  EXPECT_EQ(ErrorOf("MaxLeases = 65537"),
            "MaxLeases must be a number from 1 to 65536, not '65537'");
  EXPECT_EQ(ErrorOf("PostQuantum = on"), "PostQuantum must be auto, require or off, not 'on'");
  EXPECT_EQ(ErrorOf("Pool = 10.9.0.0/24"),
            "Pool 10.9.0.0/24 is in no network of Address; widen Address or narrow Pool");
  EXPECT_EQ(ErrorOf("DNS = fe80::1%eth0"),
            "DNS in [Enrol] must be addresses that clients reach, without %INTERFACE");
}

// What other releases may know must not be taken and ignored.
TEST(EnrolConfigTest, RefusesKeysThatItDoesNotKnow) {
  for (const std::string_view key : {"ClientCA", "Streams", "ProxyProtocol"}) {
    const ConfigParse parse = Parse(fmt::format("{} = x\n", key));
    ASSERT_EQ(parse.errors.size(), 1U) << key;
    EXPECT_TRUE(parse.errors[0].message.starts_with("unknown key")) << parse.errors[0].message;
  }
}

TEST(EnrolConfigTest, NeedsNameCertificateAddressAndPort) {
  const auto without = [](std::string_view enrol, std::string_view interface) {
    return ErrorOf(ParseConfigFile(fmt::format("{}{}", interface, enrol)));
  };
  EXPECT_EQ(without("[Enrol]\nCertificate = a\nCertificateKey = b\n", kInterface),
            "[Enrol] has no ServerName");
  EXPECT_EQ(without(kEnrol, "[Interface]\nListenPort = 1\nAddress = 10.8.0.1/24\n"),
            "[Enrol] has no PrivateKey in [Interface], which clients are told the public key of");
  EXPECT_EQ(without("[Enrol]\nServerName = a.b\nCertificateKey = b\n", kInterface),
            "[Enrol] has no Certificate");
  EXPECT_EQ(without(kEnrol, "[Interface]\nPrivateKeyFile = k\nListenPort = 1\n"),
            "[Enrol] needs an Address in [Interface], whose network clients join");
  EXPECT_EQ(without(kEnrol, "[Interface]\nPrivateKeyFile = k\nAddress = 10.8.0.1/24\n"),
            "[Enrol] needs ListenPort in [Interface], as clients are told ServerName:ListenPort; "
            "or set Endpoint");
}

TEST(EnrolConfigTest, WarnsOfWhatCanHardlyBeMeant) {
  const ConfigParse forwarded = Parse(
      "[Gateway]\nPortForward = tcp/443 -> 10.8.0.9\n[Peer]\nPublicKey = "
      "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\nAllowedIPs = 10.8.0.9/32\n");
  ASSERT_TRUE(forwarded.ok()) << forwarded.errors[0].message;
  ASSERT_EQ(forwarded.warnings.size(), 1U);
  EXPECT_EQ(forwarded.warnings[0].message,
            "PortForward takes TCP port 443, so no client reaches Listen there");
  const ConfigParse overlap = Parse(
      "Pool = 10.8.0.0/24\n[Peer]\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n"
      "AllowedIPs = 10.8.0.9/32\n");
  ASSERT_EQ(overlap.warnings.size(), 1U);
  EXPECT_EQ(overlap.warnings[0].message,
            "Pool overlaps AllowedIPs 10.8.0.9/32 of a [Peer]; no lease gets an address from "
            "there");
}

TEST(EnrolConfigTest, SavingKeepsTheSectionByteForByte) {
  const std::string text = fmt::format("{}# join here\n{}Lease = 2h # short\n", kInterface, kEnrol);
  const ConfigParse parse = ParseConfigFile(text);
  ASSERT_TRUE(parse.ok());
  ConfigFile device = parse.config;
  device.listen_port = 4;
  const SavedConfig saved = SaveConfig({text, parse.config, NamedIn(parse.config), device});
  EXPECT_NE(saved.text.find(fmt::format("# join here\n{}Lease = 2h # short\n", kEnrol)),
            std::string::npos)
      << saved.text;
}

}  // namespace
}  // namespace ringwire
