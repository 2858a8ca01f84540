#include "core/config/first_gateway.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/config/config_file.h"
#include "tests/support/seeded_random.h"

namespace ringwire {
namespace {

TEST(FirstGatewayTest, ItsTextIsAConfigurationOfTheAnswers) {
  FirstGateway gateway;
  gateway.interface = "office";
  gateway.listen_port = 4500;
  gateway.addresses = {*InterfaceAddress::Parse("10.9.0.1/24"),
                       *InterfaceAddress::Parse("fd00::1/64")};
  const ConfigParse parse = ParseConfigFile(FirstGatewayText(gateway));
  ASSERT_TRUE(parse.ok()) << parse.errors.front().message;
  EXPECT_EQ(parse.config.private_key_file, "office.key");
  EXPECT_EQ(parse.config.listen_port, 4500);
  EXPECT_EQ(parse.config.addresses, gateway.addresses);
  EXPECT_TRUE(parse.config.gateway.forward);
  EXPECT_EQ(parse.config.gateway.masquerade, "auto");
  EXPECT_TRUE(parse.warnings.empty());
}

TEST(FirstGatewayTest, WithoutForwardingItChangesNothingAroundTheTunnel) {
  FirstGateway gateway;
  gateway.addresses = {*InterfaceAddress::Parse("10.9.0.1/24")};
  gateway.forwards = false;
  const ConfigParse parse = ParseConfigFile(FirstGatewayText(gateway));
  ASSERT_TRUE(parse.ok());
  EXPECT_FALSE(parse.config.gateway.forward);
  EXPECT_EQ(parse.config.gateway.masquerade, "");
}

TEST(FirstGatewayTest, ChoosesANetworkThatTheHostDoesNotHave) {
  SeededRandom random(1);
  EXPECT_EQ(AddressesForFirstGateway({}, random)[0].ToString(), "10.77.0.1/24");
  const std::vector<Prefix> taken = {*Prefix::Parse("10.77.0.128/25"),
                                     *Prefix::Parse("10.78.0.0/16")};
  EXPECT_EQ(AddressesForFirstGateway(taken, random)[0].ToString(), "10.79.0.1/24");
  const std::vector<Prefix> company = {*Prefix::Parse("10.0.0.0/8"),
                                       *Prefix::Parse("172.16.0.0/15")};
  EXPECT_EQ(AddressesForFirstGateway(company, random)[0].ToString(), "172.18.77.1/24");
}

TEST(FirstGatewayTest, ItsIpv6NetworkIsPrivateAndRandom) {
  SeededRandom random(1);
  const InterfaceAddress first = AddressesForFirstGateway({}, random)[1];
  const InterfaceAddress second = AddressesForFirstGateway({}, random)[1];
  EXPECT_TRUE(Prefix::Parse("fd00::/8")->Contains(first.address));
  EXPECT_EQ(first.length, 64);
  EXPECT_NE(first, second);
}

}  // namespace
}  // namespace ringwire
