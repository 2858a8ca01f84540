#include "platform/config/config_environment.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "platform/base/wait_child.h"

namespace ringwire::platform {
namespace {

using Strings = std::vector<std::string>;

ConfigEnvironment Read(std::vector<std::string_view> entries) {
  return ConfigEnvironment::Read(entries);
}

TEST(ConfigEnvironmentTest, NamesSectionPeerAndKey) {
  const ConfigEnvironment environment = Read({"RINGWIRE_PEER_12_ENDPOINT=192.0.2.1:1", "HOME=/root",
                                              "RINGWIRE_INTERFACE_LISTENPORT=51821",
                                              "RINGWIRE_GATEWAY_FORWARD=on", "RINGWIRE=/bin/x"});
  EXPECT_TRUE(environment.errors().empty());
  ASSERT_EQ(environment.settings().size(), 3U);
  const ConfigVariable& port = environment.settings()[0];
  EXPECT_EQ(port.section, ConfigSection::kInterface);
  EXPECT_EQ(port.key, "LISTENPORT");
  EXPECT_EQ(port.value.text, "51821");
  const ConfigVariable& endpoint = environment.settings()[1];
  EXPECT_EQ(endpoint.section, ConfigSection::kPeer);
  EXPECT_EQ(endpoint.peer, 12U);
  EXPECT_EQ(endpoint.key, "ENDPOINT");
  EXPECT_EQ(environment.settings()[2].section, ConfigSection::kGateway);
}

TEST(ConfigEnvironmentTest, EachSpellingOfAFileNamesTheSameKey) {
  for (const std::string_view entry : {"RINGWIRE_INTERFACE_PRIVATEKEY_FILE=/run/secrets/k",
                                       "FILE__RINGWIRE_INTERFACE_PRIVATEKEY=/run/secrets/k",
                                       "RINGWIRE_INTERFACE_PRIVATEKEY_SECRETFILE=/run/secrets/k"}) {
    const ConfigEnvironment environment = Read({entry});
    ASSERT_EQ(environment.settings().size(), 1U) << entry;
    const ConfigVariable& variable = environment.settings().front();
    EXPECT_EQ(variable.key, "PRIVATEKEY");
    EXPECT_TRUE(variable.is_path);
    EXPECT_EQ(variable.value.text, "/run/secrets/k");
    EXPECT_TRUE(environment.NamesOfPlainKeys().empty());
  }
}

TEST(ConfigEnvironmentTest, AnEmptyVariableIsNotSet) {
  EXPECT_FALSE(Read({"RINGWIRE_INTERFACE_MTU=", "RINGWIRE_CONFIG="}).changes_config());
}

TEST(ConfigEnvironmentTest, RefusesWhatCannotBeOneValue) {
  EXPECT_EQ(
      Read({"RINGWIRE_INTERFACE_MTU=1400", "FILE__RINGWIRE_INTERFACE_MTU=/m"}).errors(),
      Strings({"FILE__RINGWIRE_INTERFACE_MTU and RINGWIRE_INTERFACE_MTU are both set; unset one "
               "of them"}));
  EXPECT_EQ(Read({"RINGWIRE_CONFIG=[Interface]", "RINGWIRE_CONFIG_FILE=/c"}).errors(),
            Strings({"RINGWIRE_CONFIG_FILE and RINGWIRE_CONFIG are both set; unset one of "
                     "them"}));
  EXPECT_EQ(Read({"RINGWIRE_PEER_NORTH_ENDPOINT=a:1"}).errors(),
            Strings({"RINGWIRE_PEER_NORTH_ENDPOINT: expected RINGWIRE_PEER_N_KEY, as "
                     "RINGWIRE_PEER_1_ENDPOINT for the first [Peer]"}));
  for (const std::string_view entry :
       {"RINGWIRE_INTERFACE_MTU=1400\n[Peer]", "RINGWIRE_PEER_1_NAME=a#b"}) {
    const ConfigEnvironment environment = Read({entry});
    EXPECT_EQ(environment.errors().size(), 1U) << entry;
    EXPECT_TRUE(environment.settings().empty());
  }
}

TEST(ConfigEnvironmentTest, KnowsTheImage) {
  EXPECT_FALSE(Read({}).in_image());
  const ConfigEnvironment image = Read({"RINGWIRE_IMAGE=1", "RINGWIRE_ALLOW_BAKED_KEY=1"});
  EXPECT_TRUE(image.in_image());
  EXPECT_TRUE(image.allows_baked_key());
  EXPECT_FALSE(Read({"RINGWIRE_ALLOW_BAKED_KEY=0"}).allows_baked_key());
}

TEST(ConfigEnvironmentTest, DecodesAWholeFile) {
  const std::string file = "[Interface]\nListenPort = 1\n";
  EXPECT_EQ(DecodeWholeFile(file)->text, file);
  EXPECT_EQ(DecodeWholeFile("W0ludGVyZmFjZV0KTGlzdGVuUG9ydCA9IDEK")->text, file);
  EXPECT_EQ(DecodeWholeFile("W0ludGVyZmFjZV0KTGlz\ndGVuUG9ydCA9IDEK\n")->text, file);
  EXPECT_FALSE(DecodeWholeFile("no configuration").has_value());
}

// In a process of its own, as a process has one environment.
TEST(ConfigEnvironmentTest, TakesKeysOutOfTheProcess) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("RINGWIRE_INTERFACE_PRIVATEKEY", "secret", 1);
    ::setenv("RINGWIRE_INTERFACE_MTU", "1400", 1);
    const char* const before = std::getenv("RINGWIRE_INTERFACE_PRIVATEKEY");
    const ConfigEnvironment& environment = ProcessEnvironment();
    if (environment.settings().size() != 2) ::_exit(1);
    if (environment.settings()[1].value.text != "secret") ::_exit(2);
    if (std::getenv("RINGWIRE_INTERFACE_PRIVATEKEY") != nullptr) ::_exit(3);
    if (*before != '\0') ::_exit(4);
    ::_exit(std::getenv("RINGWIRE_INTERFACE_MTU") != nullptr ? 0 : 5);
  }
  EXPECT_EQ(WaitForChild(child, absl::Minutes(1)), 0);
}

}  // namespace
}  // namespace ringwire::platform
