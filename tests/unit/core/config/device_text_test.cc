#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/config/config_file.h"
#include "core/config/named_values.h"
#include "core/config/uapi.h"
#include "core/device/key_text.h"
#include "fmt/format.h"
#include "gtest/gtest.h"

// What a configuration becomes for the device: a change, and the text by which it gets there.
namespace ringwire {
namespace {

constexpr std::string_view kPrivate = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
constexpr std::string_view kPublic = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
constexpr std::string_view kPreshared = "/UwcSPg38hW/D9Y3tcS1FOV0K1wuURMbS0sesJEP5ak=";

ConfigFile MustParse(std::string_view text) {
  ConfigParse parse = ParseConfigFile(text);
  for (const ConfigError& error : parse.errors) ADD_FAILURE() << error.ToString("wg0.conf");
  return std::move(parse.config);
}

TEST(ToDeviceUpdateTest, ReplacesAllPeersAndLeavesOutWhatIsNotNamed) {
  const DeviceUpdate update = ToDeviceUpdate(ConfigFile{}, {});
  EXPECT_TRUE(update.replace_peers);
  EXPECT_FALSE(update.private_key || update.fwmark) << "a hook may have set them";
  EXPECT_FALSE(update.listen_port) << "a port that the system chose is kept over a reload";
  EXPECT_TRUE(update.peers.empty());
}

TEST(ToDeviceUpdateTest, ABlockWithoutAllowedIpsReplacesThoseOfAnotherBlockOfItsPeerAsWithWg) {
  const ConfigFile config = MustParse(
      fmt::format("[Peer]\nPublicKey={0}\nAllowedIPs=10.0.0.0/8\n[Peer]\nPublicKey={0}\nName=n\n"
                  "[Peer]\nPublicKey={1}\n",
                  kPublic, kPrivate));
  const DeviceUpdate update = ToDeviceUpdate(config, std::vector<std::optional<SocketAddress>>(3));
  EXPECT_TRUE(update.peers[1].replace_allowed_ips);
  EXPECT_FALSE(update.peers[2].replace_allowed_ips) << "no block names any";
}

// The change by a configuration that comes after `before`, as another process of ours reads it.
DeviceUpdate ThroughText(std::string_view before, std::string_view now, uint32_t fwmark = 0) {
  const ConfigFile config = MustParse(now);
  const std::vector<std::optional<SocketAddress>> endpoints(config.peers.size());
  auto read = ParseOwnSet(ToDeviceText(config, NamedIn(MustParse(before)), endpoints, fwmark));
  if (const auto* const error = std::get_if<UapiError>(&read)) ADD_FAILURE() << error->reason;
  return std::get<DeviceUpdate>(std::move(read));
}

TEST(ToDeviceTextTest, ClearsWhatOnlyTheFileBeforeNamesAndLeavesOutWhatNeitherDoes) {
  const std::string peer = fmt::format("[Peer]\nPublicKey = {}\n", kPublic);
  const std::string full = fmt::format(
      "[Interface]\nPrivateKey = {}\nFwMark = 7\n{}PresharedKey = {}\nAllowedIPs = 10.0.0.0/8\n"
      "PersistentKeepalive = 9\n",
      kPrivate, peer, kPreshared);
  const DeviceUpdate cleared = ThroughText(full, peer);
  ASSERT_TRUE(cleared.private_key && cleared.peers.at(0).preshared_key);
  EXPECT_TRUE(cleared.private_key->IsZero() && cleared.peers[0].preshared_key->IsZero());
  EXPECT_EQ(cleared.peers[0].persistent_keepalive_seconds, 0);
  EXPECT_TRUE(cleared.peers[0].replace_allowed_ips && cleared.peers[0].allowed_ips.empty());

  const DeviceUpdate left = ThroughText(peer, peer);
  EXPECT_FALSE(left.private_key || left.fwmark || left.peers.at(0).preshared_key ||
               left.peers[0].persistent_keepalive_seconds || left.peers[0].replace_allowed_ips);

  const DeviceUpdate named = ThroughText(peer, full);
  EXPECT_EQ(KeyToBase64(named.private_key->bytes()), kPrivate);
  EXPECT_EQ(named.fwmark, 7U);
  EXPECT_EQ(KeyToBase64(named.peers.at(0).preshared_key->bytes()), kPreshared);
  EXPECT_TRUE(named.peers[0].replace_allowed_ips);
  EXPECT_EQ(ThroughText(peer, full, 8).fwmark, 8U) << "the mark that the sockets are to have";
}

TEST(ToDeviceTextTest, OfSeveralBlocksOfAPeerNoneClearsWhatAnotherOneNames) {
  const std::string twice = fmt::format(
      "[Peer]\nPublicKey={0}\nPresharedKey={1}\n[Peer]\nPublicKey={0}\nPersistentKeepalive=5\n",
      kPublic, kPreshared);
  const DeviceUpdate update = ThroughText(twice, twice);
  ASSERT_EQ(update.peers.size(), 2U);
  EXPECT_EQ(KeyToBase64(update.peers[0].preshared_key->bytes()), kPreshared);
  EXPECT_FALSE(update.peers[0].persistent_keepalive_seconds || update.peers[1].preshared_key);
  EXPECT_EQ(update.peers[1].persistent_keepalive_seconds, 5);
}

TEST(ToDeviceUpdateTest, CarriesEveryFieldAndTheResolvedEndpoints) {
  const ConfigFile config = MustParse(
      fmt::format("[Interface]\nPrivateKey={}\nListenPort=7\nFwMark=8\n[Peer]\nPublicKey={}\n"
                  "PresharedKey={}\nAllowedIPs=10.0.0.0/8\nPersistentKeepalive=9\nName=n\n"
                  "[Peer]\nPublicKey={}\nAllowedIPs=+10.1.0.0/16,-10.2.0.0/16\n",
                  kPrivate, kPublic, kPreshared, kPrivate));
  const std::vector<std::optional<SocketAddress>> endpoints = {SocketAddress::Parse("192.0.2.1:5"),
                                                               std::nullopt};
  const DeviceUpdate update = ToDeviceUpdate(config, endpoints);
  EXPECT_EQ(KeyToBase64(update.private_key->bytes()), kPrivate);
  EXPECT_EQ(update.listen_port, 7);
  EXPECT_EQ(update.fwmark, 8u);
  ASSERT_EQ(update.peers.size(), 2u);
  const PeerUpdate& first = update.peers[0];
  EXPECT_EQ(KeyToBase64(first.public_key), kPublic);
  EXPECT_EQ(KeyToBase64(first.preshared_key->bytes()), kPreshared);
  EXPECT_EQ(first.endpoint, endpoints[0]);
  EXPECT_EQ(first.persistent_keepalive_seconds, 9);
  EXPECT_TRUE(first.replace_allowed_ips);
  EXPECT_EQ(first.name, "n");
  const PeerUpdate& second = update.peers[1];
  EXPECT_FALSE(second.endpoint || second.preshared_key || second.replace_allowed_ips);
  EXPECT_FALSE(second.persistent_keepalive_seconds);
  EXPECT_EQ(second.name, "");
  ASSERT_EQ(second.allowed_ips.size(), 2u);
  EXPECT_TRUE(second.allowed_ips[1].remove);
}

}  // namespace
}  // namespace ringwire
