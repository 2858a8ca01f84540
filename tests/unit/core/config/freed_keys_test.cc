// No key stays in memory that was given back: texts with keys grow and change many times before
// their owner zeroes them.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/config_file.h"
#include "core/config/config_save.h"
#include "core/config/named_values.h"
#include "core/config/uapi.h"
#include "core/device/key_text.h"
#include "crypto/secret.h"
#include "fmt/format.h"
#include "tests/support/freed_memory.h"

namespace ringwire {
namespace {

constexpr std::string_view kPrivate = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
constexpr std::string_view kOther = "UCwJDg0CRkOqeVtfk5GmPnAIgVzVcGQvMBDqOXw5+Ew=";
constexpr std::string_view kPreshared = "/UwcSPg38hW/D9Y3tcS1FOV0K1wuURMbS0sesJEP5ak=";

// Enough of a key to know it by.
std::string PartOf(std::string_view key) { return std::string(key.substr(4, 20)); }

// Text with keys, as its owner has to treat it.
struct Zeroed {
  explicit Zeroed(std::string secret) : text(std::move(secret)) {}
  ~Zeroed() { crypto::Cleanse(text.data(), text.size()); }
  bool Has(std::string_view key) const { return text.find(key) != std::string::npos; }
  std::string text;
};

class FreedKeysTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!FreedMemory::CanLook()) GTEST_SKIP() << "looking at freed memory needs a sanitizer build";
  }
  // `peers` peers, each with the preshared key.
  static std::string Text(std::string_view private_key, size_t peers) {
    std::string text = fmt::format("[Interface]\nListenPort = 51820\nPrivateKey = {}", private_key);
    for (size_t i = 0; i < peers; ++i) {
      text += fmt::format(
          "\n[Peer]\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp{}g=\nAllowedIPs = "
          "10.0.0.{}/32\nPresharedKey = {}",
          fmt::format("{:c}D", static_cast<char>('A' + i)), i, kPreshared);
    }
    return text;
  }
  static ConfigFile Parsed(std::string_view text) {
    ConfigParse parse = ParseConfigFile(text);
    for (const ConfigError& error : parse.errors) ADD_FAILURE() << error.ToString("wg0.conf");
    return std::move(parse.config);
  }
};

TEST_F(FreedKeysTest, TheWatchFindsAKeyThatAStringLeavesBehind) {
  const FreedMemory watch(PartOf(kPrivate));
  std::string text(kPrivate);
  text.reserve(1000);
  EXPECT_EQ(watch.found(), 1);
}

TEST_F(FreedKeysTest, WritingAConfigurationLeavesNoKey) {
  const ConfigFile config = Parsed(Text(kPrivate, 20));
  for (const std::string_view key : {kPrivate, kPreshared}) {
    const FreedMemory watch(PartOf(key));
    {
      const Zeroed text(Strip(config));
      EXPECT_TRUE(text.Has(key));
    }
    EXPECT_EQ(watch.found(), 0);
  }
}

TEST_F(FreedKeysTest, WritingAChangeLeavesNoKey) {
  const ConfigFile config = Parsed(Text(kPrivate, 20));
  const std::vector<std::optional<SocketAddress>> endpoints(config.peers.size());
  for (const std::string& key :
       {KeyToHex(config.private_key->bytes()), KeyToHex(config.peers[0].preshared_key->bytes())}) {
    const FreedMemory watch(PartOf(key));
    {
      const Zeroed text(ToDeviceText(config, NamedValues(), endpoints, 7));
      EXPECT_TRUE(text.Has(key));
    }
    EXPECT_EQ(watch.found(), 0);
  }
}

// The file ends in the middle of its last line, so that the line is made longer; the device has
// another private key, and more peers.
TEST_F(FreedKeysTest, SavingAConfigurationLeavesNoKey) {
  const std::string text = Text(kPrivate, 2);
  const ConfigFile file = Parsed(text);
  const NamedValues loaded = NamedIn(file);
  const ConfigFile device = Parsed(Text(kOther, 20));
  for (const std::string_view key : {kPrivate, kOther, kPreshared}) {
    const FreedMemory watch(PartOf(key));
    {
      const Zeroed saved(SaveConfig({text, file, loaded, device}).text);
      EXPECT_EQ(saved.Has(key), key != kPrivate);
    }
    EXPECT_EQ(watch.found(), 0) << key;
  }
}

TEST_F(FreedKeysTest, ARequestThatComesInPiecesLeavesNoKey) {
  const std::string key(64, 'a');
  const FreedMemory watch(key.substr(0, 40));
  {
    UapiRequestReader reader;
    reader.Append("set=1\nprivate_key=");
    reader.Append(key);
    for (int i = 0; i < 100; ++i) reader.Append("\nlisten_port=51820");
    reader.Append("\n\n");
    EXPECT_TRUE(reader.Next().ok());
  }
  EXPECT_EQ(watch.found(), 0);
}

}  // namespace
}  // namespace ringwire
