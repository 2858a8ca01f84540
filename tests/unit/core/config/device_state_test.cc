#include "core/config/device_state.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "core/config/config_save.h"

namespace ringwire {
namespace {

DeviceStatus Device() {
  DeviceStatus device;
  crypto::PrivateKey key;
  key.bytes()[0] = 0x48;
  device.private_key = key;
  device.listen_port = 51820;
  device.fwmark = 7;
  const std::array<uint8_t, 4> bytes = {10, 0, 0, 0};
  for (uint8_t i = 1; i <= 3; ++i) {
    PeerStatus& peer = device.peers.emplace_back();
    peer.public_key.fill(i);
    peer.preshared_key.bytes()[0] = static_cast<uint8_t>(i - 1);  // the first has none
    for (uint8_t length = 8; length < 8 + i; ++length) {
      peer.allowed_ips.push_back(Prefix::Of(IpAddress::V4(bytes), length));
    }
    peer.persistent_keepalive_seconds = i;
  }
  device.peers[1].endpoint = SocketAddress::Parse("192.0.2.1:51820");
  device.peers[2].endpoint = SocketAddress::Parse("[fe80::1%3]:7");
  return device;
}

TEST(ParseDeviceStateTest, WhatADeviceSaysComesBack) {
  for (const DeviceStatus& device : {Device(), DeviceStatus()}) {
    const std::string text = Strip(StateOf(device));
    const absl::StatusOr<ConfigFile> state = ParseDeviceState(text);
    ASSERT_TRUE(state.ok()) << state.status();
    EXPECT_EQ(Strip(*state), text);
    EXPECT_EQ(state->peers.size(), device.peers.size());
  }
}

TEST(ParseDeviceStateTest, NothingElseOfAConfigurationIsTaken) {
  const std::string text = Strip(StateOf(Device()));
  for (const char* const line :
       {"PostUp = id", "Address = 10.0.0.1/8", "SaveConfig = true", "MTU = 1300", "Table = off",
        "DNS = 192.0.2.53", "PrivateKeyFile = /etc/shadow", "# a comment",
        "[Gateway]\nForward = on", "ListenPort = 51820", ""}) {
    const std::string first = "[Interface]\n" + (line + ("\n" + text.substr(text.find('\n') + 1)));
    EXPECT_FALSE(ParseDeviceState(first).ok()) << first;
    EXPECT_FALSE(ParseDeviceState(text + line + "\n").ok()) << line;
  }
}

TEST(ParseDeviceStateTest, AnEndpointIsAnAddress) {
  DeviceStatus device = Device();
  ConfigFile state = StateOf(device);
  state.peers[0].endpoint = EndpointName::Parse("evil.example:443");
  EXPECT_FALSE(ParseDeviceState(Strip(state)).ok());
}

TEST(ParseDeviceStateTest, WhatCannotBeParsedIsRefused) {
  for (const char* const text : {"", "x", "[Peer]\n", "[Interface]\nListenPort = many\n"}) {
    EXPECT_FALSE(ParseDeviceState(text).ok()) << text;
  }
}

}  // namespace
}  // namespace ringwire
