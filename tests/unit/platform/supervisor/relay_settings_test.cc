#include "platform/supervisor/relay_settings.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/platform/supervisor/doubles.h"

namespace ringwire::platform {
namespace {

TEST(RelaySettingsTest, FlagsOfAProgramSayWhatTheFileSays) {
  const ConfigFile config =
      ParseTestConfig("[Interface]\nIoBackend = epoll\nOffload = -uso,+tso,-udp-gro\n");
  const DeviceFlags flags = RelayFlags(DeviceFlags(), config);
  EXPECT_EQ(IoOf(flags), IoBackendChoice::kEpoll);
  EXPECT_EQ(OffloadsOf(flags), config.offloads);
}

TEST(RelaySettingsTest, FlagsOfTheCommandLineCountMore) {
  const ConfigFile config = ParseTestConfig("[Interface]\nIoBackend = epoll\nOffload = off\n");
  DeviceFlags given;
  given.io = "auto";
  given.offload = "auto";
  const DeviceFlags flags = RelayFlags(given, config);
  EXPECT_EQ(IoOf(flags), IoBackendChoice::kAuto);
  EXPECT_EQ(OffloadsOf(flags), OffloadSwitches());
}

TEST(RelaySettingsTest, OffloadsThatAreAllOffStayOff) {
  const ConfigFile config = ParseTestConfig("[Interface]\nOffload = off\n");
  EXPECT_EQ(OffloadsOf(RelayFlags(DeviceFlags(), config)), config.offloads);
}

TEST(RelaySettingsTest, ATakeOverHasTheStateOfTheDeviceAndTheNamesOfTheFile) {
  const std::string peer = std::string("[Peer]\nPublicKey = ") + kTestPeer + "\n";
  const ConfigFile in_force =
      ParseTestConfig("[Interface]\n" + peer + "Name = office\nEndpoint = gateway.example:51820\n");
  const ConfigFile state = ParseTestConfig(
      std::string("[Interface]\nListenPort = 4242\nFwMark = 0x51\nPrivateKey = ") + kTestKey +
      "\n" + peer + "AllowedIPs = 10.0.0.0/8\nEndpoint = 198.51.100.9:1\n" +
      "[Peer]\nPublicKey = " + kTestKey + "\nAllowedIPs = 10.9.0.0/16\n");
  const std::string text = TakeOverText(state, in_force);
  for (const std::string part :
       {"listen_port=4242\n", "fwmark=81\n", "replace_peers=true\n", "endpoint=198.51.100.9:1\n",
        "allowed_ip=10.0.0.0/8\n", "allowed_ip=10.9.0.0/16\n"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
  }
  EXPECT_NE(text.find("office"), std::string::npos) << text;
  EXPECT_NE(text.find("gateway.example"), std::string::npos) << text;
}

}  // namespace
}  // namespace ringwire::platform
