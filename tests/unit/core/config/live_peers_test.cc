#include "core/config/live_peers.h"

#include <string>
#include <vector>

#include "core/device/key_text.h"
#include "fmt/format.h"
#include "gtest/gtest.h"

namespace ringwire {
namespace {

crypto::PublicKey Key(uint8_t number) {
  crypto::PublicKey key{};
  key[0] = number;
  return key;
}

ConfigFile FileWith(const std::vector<uint8_t>& peers) {
  std::string text = "[Interface]\n";
  for (const uint8_t peer : peers) {
    text += fmt::format("[Peer]\nPublicKey = {}\n", KeyToBase64(Key(peer)));
  }
  ConfigParse parse = ParseConfigFile(text);
  EXPECT_TRUE(parse.ok());
  return std::move(parse.config);
}

std::vector<std::string> Warnings(const std::vector<uint8_t>& on_device,
                                  const std::vector<uint8_t>& loaded,
                                  const std::vector<uint8_t>& wanted) {
  std::vector<crypto::PublicKey> keys;
  for (const uint8_t peer : on_device) keys.push_back(Key(peer));
  return WarningsOfLivePeers(keys, NamedIn(FileWith(loaded)), FileWith(wanted));
}

TEST(LivePeersTest, NothingIsSaidOfPeersThatOnlyTheFileHasChanged) {
  EXPECT_TRUE(Warnings({1, 2}, {1, 2}, {1, 2}).empty());
  EXPECT_TRUE(Warnings({1, 2}, {1, 2}, {2, 3}).empty());
  EXPECT_TRUE(Warnings({}, {}, {}).empty());
}

TEST(LivePeersTest, APeerThatWasAddedToTheDeviceAndGoesIsNamedWithItsWholeKey) {
  const auto warnings = Warnings({1, 2}, {1}, {1});
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_TRUE(warnings[0].starts_with("peer " + KeyToBase64(Key(2)) + " was added while"))
      << warnings[0];
  EXPECT_TRUE(Warnings({1, 2}, {1}, {1, 2}).empty()) << "the file has it by now";
}

TEST(LivePeersTest, APeerThatWasRemovedFromTheDeviceAndComesBackIsNamed) {
  const auto warnings = Warnings({1}, {1, 2}, {1, 2, 2});
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_TRUE(warnings[0].starts_with("peer " + KeyToBase64(Key(2)) + " was removed while"))
      << warnings[0];
}

}  // namespace
}  // namespace ringwire
