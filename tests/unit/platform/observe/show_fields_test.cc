#include "platform/observe/show_fields.h"

#include "gtest/gtest.h"

namespace ringwire::platform {
namespace {

constexpr char kKey[] = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

StatusReport TwoPeers() {
  StatusReport report;
  report.interface_name = "wg0";
  DeviceStatus device;
  device.private_key.emplace();
  device.listen_port = 51820;
  device.fwmark = 0xca6c;
  PeerStatus peer;
  peer.public_key.fill(1);
  peer.preshared_key.bytes()[0] = 1;
  peer.endpoint = SocketAddress::Parse("[2001:db8::1]:51820");
  peer.allowed_ips = {*Prefix::Parse("10.0.0.2/32"), *Prefix::Parse("fd00::/64")};
  peer.last_handshake = absl::FromUnixSeconds(1'700'000'000);
  peer.receive_bytes = 12;
  peer.transmit_bytes = 34;
  peer.persistent_keepalive_seconds = 25;
  device.peers = {peer, PeerStatus()};
  SetDevice(device, &report);
  return report;
}

std::string Field(const char* name, bool names_interface = false) {
  return FormatField(TwoPeers(), name, names_interface).value_or("no such field");
}

const std::string kNoKey(43, 'A');

TEST(ShowFieldsTest, HasTheFormOfWg) {
  const std::string other = kNoKey + "=";
  const std::string key = kKey;
  EXPECT_EQ(Field("peers"), key + "\n" + other + "\n");
  EXPECT_EQ(Field("endpoints"), key + "\t[2001:db8::1]:51820\n" + other + "\t(none)\n");
  EXPECT_EQ(Field("allowed-ips"), key + "\t10.0.0.2/32 fd00::/64\n" + other + "\t(none)\n");
  EXPECT_EQ(Field("latest-handshakes"), key + "\t1700000000\n" + other + "\t0\n");
  EXPECT_EQ(Field("persistent-keepalive"), key + "\t25\n" + other + "\toff\n");
  EXPECT_EQ(Field("transfer"), key + "\t12\t34\n" + other + "\t0\t0\n");
  EXPECT_EQ(Field("listen-port"), "51820\n");
  EXPECT_EQ(Field("fwmark"), "0xca6c\n");
  EXPECT_EQ(Field("public-key"), other + "\n");
}

TEST(ShowFieldsTest, HidesSecrets) {
  EXPECT_EQ(Field("private-key"), "(hidden)\n");
  EXPECT_EQ(Field("preshared-keys"), std::string(kKey) + "\t(hidden)\n" + kNoKey + "=\t(none)\n");
}

TEST(ShowFieldsTest, DumpsEverything) {
  EXPECT_EQ(Field("dump"), "(hidden)\t" + kNoKey + "=\t51820\t0xca6c\n" + kKey +
                               "\t(hidden)\t[2001:db8::1]:51820\t10.0.0.2/32,fd00::/64\t1700000000"
                               "\t12\t34\t25\n" +
                               kNoKey + "=\t(none)\t(none)\t(none)\t0\t0\t0\toff\n");
}

TEST(ShowFieldsTest, NamesTheInterfaceForAll) {
  EXPECT_EQ(Field("listen-port", true), "wg0\t51820\n");
  EXPECT_EQ(Field("peers", true), std::string("wg0\t") + kKey + "\nwg0\t" + kNoKey + "=\n");
}

TEST(ShowFieldsTest, KnowsEachOfItsFieldsAndNoOther) {
  for (const std::string& field : ShowFields()) {
    EXPECT_TRUE(FormatField(TwoPeers(), field, false).has_value()) << field;
  }
  EXPECT_FALSE(FormatField(TwoPeers(), "secrets", false).has_value());
}

}  // namespace
}  // namespace ringwire::platform
