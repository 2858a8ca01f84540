#include "platform/config/overridden_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringwire::platform {
namespace {

constexpr std::string_view kFile =
    "[Interface]\n"
    "PrivateKeyFile = wg0.key\n"
    "listen port = 51820  # the usual one\n"
    "[Peer]\n"
    "Endpoint = a.example:1\n"
    "[Peer]\n"
    "Endpoint = b.example:2\n";

TEST(OverriddenTextTest, WithoutVariablesItIsTheFile) {
  const OverriddenText text(kFile, {});
  EXPECT_EQ(text.text().text, kFile);
  EXPECT_EQ(text.Locate({3, 5}, "wg0.conf"), "wg0.conf:3:5");
}

TEST(OverriddenTextTest, AVariableReplacesTheSettingOfItsSection) {
  const std::vector<std::string_view> entries = {"RINGWIRE_INTERFACE_LISTENPORT=1",
                                                 "RINGWIRE_PEER_2_ENDPOINT=c.example:3"};
  const ConfigEnvironment environment = ConfigEnvironment::Read(entries);
  const OverriddenText text(kFile, environment.settings());
  EXPECT_TRUE(text.errors().empty());
  EXPECT_EQ(text.text().text,
            "[Interface]\nLISTENPORT = 1\nPrivateKeyFile = wg0.key\n"
            "[Peer]\nEndpoint = a.example:1\n[Peer]\nENDPOINT = c.example:3\n");
}

TEST(OverriddenTextTest, LocatesEachLine) {
  const std::vector<std::string_view> entries = {"RINGWIRE_INTERFACE_LISTENPORT=1"};
  const ConfigEnvironment environment = ConfigEnvironment::Read(entries);
  const OverriddenText text(kFile, environment.settings());
  EXPECT_EQ(text.Locate({1, 1}, "f"), "f:1:1");
  EXPECT_EQ(text.Locate({2, 9}, "f"), "RINGWIRE_INTERFACE_LISTENPORT");
  EXPECT_EQ(text.Locate({3, 1}, "f"), "f:2:1");
  EXPECT_EQ(text.Locate({4, 1}, "f"), "f:4:1");
  EXPECT_EQ(text.Locate({99, 1}, "f"), "f:99:1");
}

TEST(OverriddenTextTest, AKeyAndItsFileReplaceEachOther) {
  const std::vector<std::string_view> entries = {"RINGWIRE_INTERFACE_PRIVATEKEY_FILE=/run/k"};
  const ConfigEnvironment environment = ConfigEnvironment::Read(entries);
  for (const std::string_view line : {"PrivateKey = x", "private key file = x"}) {
    const OverriddenText text(std::string("[Interface]\n") + std::string(line),
                              environment.settings());
    EXPECT_EQ(text.text().text, "[Interface]\nPrivateKeyFile = /run/k\n");
  }
}

TEST(OverriddenTextTest, AddsSectionsThatTheFileLacks) {
  const std::vector<std::string_view> entries = {
      "RINGWIRE_PEER_1_PUBLICKEY=k", "RINGWIRE_PEER_1_ENDPOINT=h:1", "RINGWIRE_PEER_2_PUBLICKEY=l",
      "RINGWIRE_GATEWAY_FORWARD=on"};
  const ConfigEnvironment environment = ConfigEnvironment::Read(entries);
  const OverriddenText text("[Interface]\nListenPort = 1", environment.settings());
  EXPECT_TRUE(text.errors().empty());
  EXPECT_EQ(text.text().text,
            "[Interface]\nListenPort = 1\n[Peer]\nENDPOINT = h:1\nPUBLICKEY = k\n"
            "[Peer]\nPUBLICKEY = l\n[Gateway]\nFORWARD = on\n");
  EXPECT_EQ(text.Locate({3, 1}, "f"), "RINGWIRE_PEER_1_ENDPOINT");
}

TEST(OverriddenTextTest, APeerBehindAGapIsAnError) {
  const std::vector<std::string_view> entries = {"RINGWIRE_PEER_4_ENDPOINT=h:1"};
  const ConfigEnvironment environment = ConfigEnvironment::Read(entries);
  const OverriddenText text(kFile, environment.settings());
  EXPECT_EQ(text.errors(),
            std::vector<std::string>({"RINGWIRE_PEER_4_ENDPOINT: there is no [Peer] number 4; "
                                      "the configuration has 2"}));
  EXPECT_EQ(text.text().text, kFile);
}

TEST(OverriddenTextTest, ASectionThatComesTwiceGetsAVariableOnce) {
  const std::vector<std::string_view> entries = {"RINGWIRE_INTERFACE_MTU=1400"};
  const ConfigEnvironment environment = ConfigEnvironment::Read(entries);
  const OverriddenText text("[Interface]\nMTU = 1\n[Interface]\nMTU = 2\n", environment.settings());
  EXPECT_EQ(text.text().text, "[Interface]\nMTU = 1400\n[Interface]\n");
}

}  // namespace
}  // namespace ringwire::platform
