#include "platform/config/config_source.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <vector>

#include "core/device/key_text.h"
#include "tests/support/folder_test.h"

namespace ringwire::platform {
namespace {

constexpr char kKey[] = "QAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHn8=";
constexpr char kOtherKey[] = "SAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHn8=";

// `parts`: what each error contains, in order.
void ExpectErrors(const std::vector<std::string>& errors, const std::vector<std::string>& parts) {
  ASSERT_EQ(errors.size(), parts.size()) << (errors.empty() ? "" : errors.back());
  for (size_t i = 0; i < parts.size(); ++i) {
    EXPECT_NE(errors[i].find(parts[i]), std::string::npos) << errors[i];
  }
}

class ConfigSourceTest : public FolderTest {
 protected:
  ConfigSourceTest() {
    path_ = Write("wg0.conf",
                  std::string("[Interface]\nPrivateKey = ") + kKey + "\nListenPort = 51820\n");
  }

  std::string Write(const std::string& name, const std::string& text) const {
    std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    EXPECT_EQ(::chmod(path.c_str(), 0600), 0);
    return path;
  }
  // With variables of these texts, as NAME=value.
  static ConfigEnvironment Environment(const std::vector<std::string>& entries) {
    return ConfigEnvironment::Read({std::vector<std::string_view>(entries.begin(), entries.end())});
  }
  ConfigSource Load(const std::vector<std::string>& entries) const {
    return LoadConfig(path_, KeyFiles::kRead, nullptr, Environment(entries));
  }
  static std::string KeyOf(const ConfigSource& source) {
    return source.config.private_key.has_value() ? KeyToBase64(source.config.private_key->bytes())
                                                 : "none";
  }

  std::string path_;
};

TEST_F(ConfigSourceTest, AVariableOverridesTheFile) {
  const ConfigSource source = Load({"RINGWIRE_INTERFACE_LISTENPORT=1234"});
  EXPECT_TRUE(source.errors.empty());
  EXPECT_EQ(source.config.listen_port, 1234);
  EXPECT_EQ(KeyOf(source), kKey);
}

TEST_F(ConfigSourceTest, AKeyComesFromASecretInEachSpelling) {
  const std::string secret = Write("secret", std::string(kOtherKey) + "\n");
  for (const std::string& entry : {"RINGWIRE_INTERFACE_PRIVATEKEY_FILE=" + secret,
                                   "FILE__RINGWIRE_INTERFACE_PRIVATEKEY=" + secret,
                                   "RINGWIRE_INTERFACE_PRIVATEKEY_SECRETFILE=" + secret,
                                   "RINGWIRE_INTERFACE_PRIVATEKEYFILE=" + secret,
                                   std::string("RINGWIRE_INTERFACE_PRIVATEKEY=") + kOtherKey}) {
    const ConfigSource source = Load({entry});
    EXPECT_TRUE(source.errors.empty()) << entry;
    EXPECT_EQ(KeyOf(source), kOtherKey) << entry;
  }
}

TEST_F(ConfigSourceTest, AnyValueMayBeInAFile) {
  const std::string value = Write("port", " 4711\n");
  const ConfigSource source = Load({"RINGWIRE_INTERFACE_LISTENPORT_FILE=" + value});
  EXPECT_TRUE(source.errors.empty());
  EXPECT_EQ(source.config.listen_port, 4711);
}

TEST_F(ConfigSourceTest, AnErrorNamesItsVariableOrItsLine) {
  Write("wg0.conf", "[Interface]\nMTU = many\nListenPort = 1\n");
  const std::string lines = Write("lines", "1\n2\n");
  const ConfigSource source =
      Load({"RINGWIRE_INTERFACE_LISTENPORT=99999", "RINGWIRE_INTERFACE_WORKRES=2",
            "RINGWIRE_INTERFACE_PRIVATEKEY_FILE=" + folder_ + "/none",
            "RINGWIRE_INTERFACE_FWMARK_FILE=" + lines});
  ExpectErrors(source.errors,
               {"RINGWIRE_INTERFACE_FWMARK_FILE: " + lines + " must hold one line without '#'",
                "RINGWIRE_INTERFACE_LISTENPORT: ListenPort must be",
                "RINGWIRE_INTERFACE_WORKRES: unknown key", path_ + ":2:7: MTU must be",
                "RINGWIRE_INTERFACE_PRIVATEKEY_FILE: read " + folder_ + "/none"});
}

TEST_F(ConfigSourceTest, AVariableMayBeTheWholeFile) {
  const std::string text = std::string("[Interface]\nPrivateKey = ") + kKey + "\n";
  const std::string file = Write("whole", text);
  for (const std::string& entry : {"RINGWIRE_CONFIG=" + text, "RINGWIRE_CONFIG_FILE=" + file}) {
    const ConfigSource source =
        LoadConfigToRun("no-such-name", KeyFiles::kRead, Environment({entry}));
    EXPECT_TRUE(source.errors.empty());
    EXPECT_EQ(source.interface_name, "no-such-name");
    EXPECT_EQ(KeyOf(source), kKey);
  }
}

TEST_F(ConfigSourceTest, AnErrorInAWholeVariableNamesItAndTheLine) {
  const auto errors = [&](const std::string& entry) { return Load({entry}).errors; };
  ExpectErrors(errors("RINGWIRE_CONFIG=[Interface]\nMTU = x"),
               {"RINGWIRE_CONFIG:2:7: MTU must be"});
  ExpectErrors(errors("RINGWIRE_CONFIG=%%%"),
               {"RINGWIRE_CONFIG: it is neither a configuration nor"});
  ExpectErrors(errors("RINGWIRE_CONFIG_FILE=/none"), {"RINGWIRE_CONFIG_FILE: read /none"});
}

TEST_F(ConfigSourceTest, AnImageHasNoKeyAndNoHook) {
  Write("wg0.conf", std::string("[Interface]\nPrivateKey = ") + kKey +
                        "\nPostUp = true\nDNS = 192.0.2.1\n[Peer]\nPublicKey = " + kKey +
                        "\n PresharedKey = " + kKey + "\n");
  const ConfigSource source = LoadConfigForImage(path_, Environment({}));
  ExpectErrors(source.errors, {"no shell", "cannot change name servers",
                               path_ + ":2:1: this PrivateKey is part of",
                               path_ + ":7:2: this PresharedKey is part of"});
  for (const std::string& error : source.errors) EXPECT_EQ(error.find(kKey), std::string::npos);
  EXPECT_EQ(LoadConfigForImage(path_, Environment({"RINGWIRE_ALLOW_BAKED_KEY=1"})).errors.size(),
            2U);
}

TEST_F(ConfigSourceTest, AnImageNamesSecretsThatAreNotInIt) {
  Write("wg0.conf", "[Interface]\nPrivateKeyFile = /run/secrets/none\n");
  EXPECT_TRUE(LoadConfigForImage(path_, Environment({})).errors.empty());
  const std::string key = Write("wg0.key", kKey);
  Write("wg0.conf", "[Interface]\nPrivateKeyFile = wg0.key\n");
  ExpectErrors(LoadConfigForImage(path_, Environment({})).errors,
               {key + ": this file with a key is part of the image"});
}

}  // namespace
}  // namespace ringwire::platform
