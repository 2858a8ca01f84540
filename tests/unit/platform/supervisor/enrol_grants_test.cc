#include "platform/supervisor/enrol_grants.h"

#include <gtest/gtest.h>

#include <string>

#include "platform/supervisor/enrol_settings.h"
#include "tests/unit/platform/supervisor/doubles.h"

namespace ringwire::platform {
namespace {

using enrol::GrantResult;

crypto::PublicKey KeyOf(uint8_t byte) {
  crypto::PublicKey key;
  key.fill(byte);
  return key;
}

ConfigFile EnrolTestConfig(const std::string& more = {}) {
  return ParseTestConfig("[Interface]\nPrivateKey = " + std::string(kTestKey) +
                         "\nListenPort = 51820\nAddress = 10.8.0.1/24, fd08::1/64\n"
                         "[Enrol]\nServerName = vpn.example.net\nCertificate = c\n"
                         "CertificateKey = k\n" +
                         more + "[Peer]\nPublicKey = " + kTestPeer +
                         "\nAllowedIPs = 10.8.0.9/32, 0.0.0.0/0\n");
}

class EnrolGrantsTest : public ::testing::Test {
 protected:
  void SetUp() override { Configure(""); }
  void Configure(const std::string& more) {
    config_ = EnrolTestConfig(more);
    enrol::UserTable users;
    users.users.emplace_back().name = "alice";
    grants_.Configure(config_, KeyOf(99), users);
  }
  enrol::Grant GrantOf(uint8_t key, const std::string& v4, const std::string& v6) {
    enrol::Grant grant;
    grant.user = "alice";
    grant.device = "laptop";
    grant.public_key = KeyOf(key);
    grant.addresses = {*IpAddress::Parse(v4), *IpAddress::Parse(v6)};
    return grant;
  }

  ConfigFile config_;
  EnrolGrants grants_;
};

TEST_F(EnrolGrantsTest, LetsInAPeerWithItsAddressesAlone) {
  const enrol::Grant grant = GrantOf(1, "10.8.0.2", "fd08::2");
  EXPECT_EQ(grants_.Check(grant), GrantResult::kDone);
  const PeerUpdate peer = EnrolGrants::PeerOf(grant);
  EXPECT_EQ(peer.name, "alice/laptop");
  ASSERT_EQ(peer.allowed_ips.size(), 2U);
  EXPECT_EQ(peer.allowed_ips[0].prefix.ToString(), "10.8.0.2/32");
  EXPECT_EQ(peer.allowed_ips[1].prefix.ToString(), "fd08::2/128");
  EXPECT_TRUE(peer.replace_allowed_ips);
}

// What a registrar that was taken over could ask for.
TEST_F(EnrolGrantsTest, RefusesWhatEnrolDoesNotAllow) {
  EXPECT_EQ(grants_.Check(GrantOf(1, "10.9.0.2", "fd08::2")), GrantResult::kRefused);
  EXPECT_EQ(grants_.Check(GrantOf(1, "10.8.0.1", "fd08::2")), GrantResult::kRefused) << "own";
  EXPECT_EQ(grants_.Check(GrantOf(1, "10.8.0.9", "fd08::2")), GrantResult::kRefused) << "a peer's";
  EXPECT_EQ(grants_.Check(GrantOf(1, "10.8.0.255", "fd08::2")), GrantResult::kRefused);
  enrol::Grant grant = GrantOf(1, "10.8.0.2", "fd08::2");
  grant.addresses.pop_back();
  EXPECT_EQ(grants_.Check(grant), GrantResult::kRefused) << "one family is missing";
  grant = GrantOf(1, "10.8.0.2", "fd08::2");
  grant.user = "nobody";
  EXPECT_EQ(grants_.Check(grant), GrantResult::kRefused);
  EXPECT_EQ(grants_.Check(GrantOf(99, "10.8.0.2", "fd08::2")), GrantResult::kKeyInUse);
  grant = GrantOf(1, "10.8.0.2", "fd08::2");
  grant.public_key = config_.peers[0].public_key;
  EXPECT_EQ(grants_.Check(grant), GrantResult::kKeyInUse);
}

TEST_F(EnrolGrantsTest, NoTwoKeysShareAnAddress) {
  grants_.Add(GrantOf(1, "10.8.0.2", "fd08::2"));
  EXPECT_EQ(grants_.Check(GrantOf(1, "10.8.0.2", "fd08::2")), GrantResult::kDone) << "again";
  EXPECT_EQ(grants_.Check(GrantOf(2, "10.8.0.2", "fd08::3")), GrantResult::kRefused);
  grants_.Remove(KeyOf(1));
  EXPECT_EQ(grants_.Check(GrantOf(2, "10.8.0.2", "fd08::3")), GrantResult::kDone);
}

TEST_F(EnrolGrantsTest, HoldsMaxLeases) {
  Configure("MaxLeases = 1\n");
  grants_.Add(GrantOf(1, "10.8.0.2", "fd08::2"));
  EXPECT_EQ(grants_.Check(GrantOf(2, "10.8.0.3", "fd08::3")), GrantResult::kRefused);
  EXPECT_EQ(grants_.Check(GrantOf(1, "10.8.0.4", "fd08::4")), GrantResult::kDone);
}

TEST_F(EnrolGrantsTest, TellsWhatAnotherRegistrarHasNotGrantedAgain) {
  grants_.Add(GrantOf(1, "10.8.0.2", "fd08::2"));
  grants_.Add(GrantOf(2, "10.8.0.3", "fd08::3"));
  grants_.ExpectAllAgain();
  grants_.Add(GrantOf(2, "10.8.0.3", "fd08::3"));
  EXPECT_EQ(grants_.NotGrantedAgain(), std::vector{KeyOf(1)});
}

TEST_F(EnrolGrantsTest, APeerOfTheFileWinsOverALease) {
  enrol::Grant grant = GrantOf(1, "10.8.0.2", "fd08::2");
  grant.public_key = config_.peers[0].public_key;
  grants_.Add(grant);
  EXPECT_EQ(grants_.LostToPeers(), std::vector{grant.public_key});
}

TEST(EnrolSettingsTest, DefaultsComeFromTheInterface) {
  const ConfigFile config = EnrolTestConfig();
  EXPECT_EQ(EnrolListeners(config).size(), 2U);
  EXPECT_EQ(EnrolListeners(config)[0].ToString(), "[::]:443");
  const enrol::RegistrarSettings settings = RegistrarSettingsOf(config, KeyOf(99));
  ASSERT_EQ(settings.pool.size(), 2U);
  EXPECT_EQ(settings.pool[0].ToString(), "10.8.0.0/24");
  EXPECT_EQ(settings.reserved.size(), 3U) << "two own addresses and one of a peer";
  const enrol::PushedSettings pushed = PushedSettingsOf(config, 1420);
  EXPECT_EQ(pushed.endpoints, std::vector<std::string>{"vpn.example.net:51820"});
  EXPECT_EQ(pushed.routes, settings.pool);
  EXPECT_EQ(pushed.gateway_addresses[0].ToString(), "10.8.0.1");
  EXPECT_EQ(pushed.mtu, 1420);
  EXPECT_EQ(pushed.keepalive_s, 25);
}

TEST(EnrolSettingsTest, OtherPushedSettingsHaveAnotherRevision) {
  const ConfigFile config = EnrolTestConfig();
  const uint32_t revision = RevisionOf(PushedSettingsOf(config, 1420));
  EXPECT_EQ(RevisionOf(PushedSettingsOf(config, 1420)), revision);
  EXPECT_NE(RevisionOf(PushedSettingsOf(config, 1400)), revision);
}

}  // namespace
}  // namespace ringwire::platform
