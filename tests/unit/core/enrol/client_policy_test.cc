#include "core/enrol/client_policy.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringwire::enrol {
namespace {

PushedConfig Pushed() {
  PushedConfig pushed;
  pushed.addresses = {*IpAddress::Parse("10.77.0.5")};
  pushed.settings.routes = {*Prefix::Parse("10.77.0.0/16"), *Prefix::Parse("192.168.60.0/24")};
  pushed.settings.endpoints = {"203.0.113.1:51820", "vpn.example.net:51820"};
  pushed.settings.dns_servers = {*IpAddress::Parse("10.77.0.1")};
  pushed.settings.dns_domains = {"corp.example"};
  return pushed;
}

std::string ErrorOf(const PushedConfig& pushed, const ClientLimits& limits = {}) {
  return std::string(AcceptPushed(pushed, limits).status().message());
}

std::vector<std::string> RoutesOf(const PushedConfig& pushed, const ClientLimits& limits) {
  std::vector<std::string> texts;
  const auto accepted = AcceptPushed(pushed, limits);
  EXPECT_TRUE(accepted.ok()) << accepted.status();
  for (const Prefix& route : accepted->config.settings.routes) texts.push_back(route.ToString());
  return texts;
}

TEST(ClientPolicyTest, AcceptsWhatAnOfficePushes) {
  const auto accepted = AcceptPushed(Pushed(), {});
  ASSERT_TRUE(accepted.ok());
  EXPECT_EQ(accepted->config.settings.routes, Pushed().settings.routes);
  EXPECT_EQ(accepted->config.settings.dns_domains, Pushed().settings.dns_domains);
  EXPECT_TRUE(accepted->left_out.empty());
}

TEST(ClientPolicyTest, RefusesRoutesThatBelongToTheHost) {
  for (const char* const route :
       {"127.0.0.0/8", "127.0.0.1", "::1", "169.254.169.254", "fe80::/64", "224.0.0.0/4",
        "239.1.2.3", "ff02::1", "255.255.255.255", "::ffff:127.0.0.1"}) {
    PushedConfig pushed = Pushed();
    pushed.settings.routes.push_back(*Prefix::Parse(route));
    EXPECT_TRUE(ErrorOf(pushed).starts_with("the gateway pushed a route into ")) << route;
    EXPECT_TRUE(ErrorOf(pushed).ends_with("; nothing was changed")) << route;
  }
}

TEST(ClientPolicyTest, AFullTunnelIsAllowed) {
  PushedConfig pushed = Pushed();
  pushed.settings.routes = {*Prefix::Parse("0.0.0.0/0"), *Prefix::Parse("::/0")};
  const ClientLimits at_home{.connected = {*Prefix::Parse("192.168.1.0/24")}};
  EXPECT_EQ(RoutesOf(pushed, at_home), (std::vector<std::string>{"0.0.0.0/0", "::/0"}));
}

TEST(ClientPolicyTest, RefusesAddressesThatBelongToTheHost) {
  for (const char* const address : {"127.0.0.2", "::1", "fe80::1", "224.0.0.1", "0.0.0.0", "::"}) {
    PushedConfig pushed = Pushed();
    pushed.addresses = {*IpAddress::Parse(address)};
    EXPECT_NE(ErrorOf(pushed), "") << address;
    pushed = Pushed();
    pushed.settings.dns_servers = {*IpAddress::Parse(address)};
    EXPECT_NE(ErrorOf(pushed), "") << address;
  }
  EXPECT_EQ(ErrorOf(Pushed(), {.host_addresses = {*IpAddress::Parse("10.77.0.5")}}),
            "the gateway pushed the address 10.77.0.5, which this host has; nothing was changed");
}

TEST(ClientPolicyTest, RefusesEndpointsOnThisHostAndInsideTheTunnel) {
  for (const char* const endpoint :
       {"127.0.0.1:51820", "[::1]:51820", "224.0.0.1:1", "10.77.0.5:51820"}) {
    PushedConfig pushed = Pushed();
    pushed.settings.endpoints.push_back(endpoint);
    EXPECT_NE(ErrorOf(pushed), "") << endpoint;
  }
}

TEST(ClientPolicyTest, LeavesOutWhatTheHostReachesWithoutARouter) {
  const ClientLimits limits{.connected = {*Prefix::Parse("192.168.60.0/25")}};
  EXPECT_EQ(RoutesOf(Pushed(), limits), (std::vector<std::string>{"10.77.0.0/16"}));
  EXPECT_EQ(AcceptPushed(Pushed(), limits)->left_out,
            (std::vector<std::string>{
                "the pushed route 192.168.60.0/24 is left out: this host is connected to "
                "192.168.60.0/25; add it to Routes to reach it by the tunnel"}));
  ClientLimits listed = limits;
  listed.routes = {*Prefix::Parse("192.168.60.0/24")};
  EXPECT_EQ(RoutesOf(Pushed(), listed), (std::vector<std::string>{"192.168.60.0/24"}));
}

TEST(ClientPolicyTest, RoutesBoundsWhatIsAccepted) {
  ClientLimits limits;
  limits.routes = {*Prefix::Parse("10.0.0.0/8")};
  EXPECT_EQ(RoutesOf(Pushed(), limits), (std::vector<std::string>{"10.77.0.0/16"}));
  limits.routes = std::vector<Prefix>();
  EXPECT_TRUE(RoutesOf(Pushed(), limits).empty());
}

TEST(ClientPolicyTest, NameServersCanBeIgnored) {
  const auto accepted = AcceptPushed(Pushed(), {.takes_dns = false});
  EXPECT_TRUE(accepted->config.settings.dns_servers.empty());
  EXPECT_TRUE(accepted->config.settings.dns_domains.empty());
}

}  // namespace
}  // namespace ringwire::enrol
