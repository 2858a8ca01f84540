#include "platform/observe/why_no_handshake.h"

#include <string>

#include "gtest/gtest.h"

namespace ringwire::platform {
namespace {

StatusReport WorkingDevice() {
  StatusReport report;
  report.interface_name = "wg0";
  report.link_up = true;
  report.has_private_key = true;
  return report;
}

PeerStatus PeerAt(const char* endpoint) {
  PeerStatus peer;
  peer.public_key.fill(1);
  peer.endpoint = SocketAddress::Parse(endpoint);
  return peer;
}

PeerStatus SilentPeer() {
  PeerStatus peer = PeerAt("203.0.113.1:51820");
  peer.attempts = {.initiations = 8, .duration = absl::Seconds(40)};
  return peer;
}

StrayInitiations StraysFrom(const char* address) {
  return {3, *SocketAddress::Parse(address), absl::Seconds(2)};
}

TEST(WhyNoHandshakeTest, SaysNothingOfASession) {
  PeerStatus peer = PeerAt("203.0.113.1:51820");
  peer.last_handshake = absl::FromUnixSeconds(1'700'000'000);
  EXPECT_EQ(WhyNoHandshake(WorkingDevice(), peer), "");
  peer.attempts = {.initiations = 1, .duration = absl::Seconds(1)};  // it is being renewed
  EXPECT_EQ(WhyNoHandshake(WorkingDevice(), peer), "");
}

TEST(WhyNoHandshakeTest, SaysThatNobodyAnswers) {
  EXPECT_EQ(WhyNoHandshake(WorkingDevice(), SilentPeer()),
            "no answer from 203.0.113.1:51820 for 40 s, 8 initiations; nothing came from there");
}

TEST(WhyNoHandshakeTest, SaysItOfALostSessionAsWell) {
  PeerStatus peer = SilentPeer();
  peer.last_handshake = absl::FromUnixSeconds(1'700'000'000);
  EXPECT_NE(WhyNoHandshake(WorkingDevice(), peer).find("no answer from"), std::string::npos);
}

TEST(WhyNoHandshakeTest, NamesAnotherServerKeyOfThatAddressOnly) {
  StatusReport report = WorkingDevice();
  report.device.other_server_key = StraysFrom("198.51.100.9:1");
  EXPECT_NE(WhyNoHandshake(report, SilentPeer()).find("nothing came from there"),
            std::string::npos);
  report.device.other_server_key = StraysFrom("203.0.113.1:40000");
  EXPECT_EQ(WhyNoHandshake(report, SilentPeer()),
            "no answer from 203.0.113.1:51820 for 40 s, 8 initiations; initiations with another "
            "server key arrive from 203.0.113.1:40000 (3, the last one 2 s ago)");
}

TEST(WhyNoHandshakeTest, OfAPeerThatMayBeAnywhereNamesEveryStray) {
  StatusReport report = WorkingDevice();
  PeerStatus peer;
  peer.public_key.fill(1);
  EXPECT_EQ(WhyNoHandshake(report, peer),
            "it has no endpoint here and must begin; no initiation with its key has arrived");
  report.device.unknown_key = StraysFrom("198.51.100.9:1");
  report.device.last_unknown_key.fill(0);
  EXPECT_EQ(WhyNoHandshake(report, peer),
            "initiations with an unknown key, AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=, "
            "arrive from 198.51.100.9:1 (3, the last one 2 s ago)");
}

TEST(WhyNoHandshakeTest, BelievesTheLastStray) {
  StatusReport report = WorkingDevice();
  report.device.other_server_key = StraysFrom("203.0.113.1:40000");
  report.device.unknown_key = StraysFrom("203.0.113.1:40000");
  report.device.unknown_key.age = absl::Seconds(1);
  EXPECT_NE(WhyNoHandshake(report, SilentPeer()).find("an unknown key"), std::string::npos);
  report.device.unknown_key.age = absl::Seconds(3);
  EXPECT_NE(WhyNoHandshake(report, SilentPeer()).find("another server key"), std::string::npos);
}

TEST(WhyNoHandshakeTest, ForgetsAStrayOfLongAgo) {
  StatusReport report = WorkingDevice();
  report.device.other_server_key = StraysFrom("203.0.113.1:40000");
  report.device.other_server_key.age = absl::Minutes(4);
  EXPECT_NE(WhyNoHandshake(report, SilentPeer()).find("nothing came from there"),
            std::string::npos);
}

TEST(WhyNoHandshakeTest, NamesAnotherPresharedKeyInBothRoles) {
  PeerStatus peer = SilentPeer();
  peer.attempts.misfits = 8;
  EXPECT_NE(WhyNoHandshake(WorkingDevice(), peer)
                .find("; 8 responses with another preshared key arrived"),
            std::string::npos);
  PeerStatus begins = PeerAt("203.0.113.1:51820");
  begins.attempts = {.responses = 4};
  EXPECT_EQ(WhyNoHandshake(WorkingDevice(), begins),
            "initiations arrive, but the peer uses none of our 4 responses: it has another "
            "preshared key, or they do not reach it");
}

TEST(WhyNoHandshakeTest, SaysWhatIsMissingHere) {
  StatusReport report = WorkingDevice();
  report.link_up = false;
  EXPECT_EQ(WhyNoHandshake(report, SilentPeer()), "the link is down (`ip link set wg0 up`)");
  PeerStatus earlier = PeerAt("203.0.113.1:51820");
  earlier.last_handshake = absl::FromUnixSeconds(1'700'000'000);
  EXPECT_EQ(WhyNoHandshake(report, earlier), "the link is down (`ip link set wg0 up`)");
  report.has_private_key = false;
  EXPECT_EQ(WhyNoHandshake(report, SilentPeer()), "this interface has no private key");
  PeerStatus named;
  named.endpoint_name = "gw.example.com:51820";
  EXPECT_EQ(WhyNoHandshake(WorkingDevice(), named),
            "the name of its endpoint, gw.example.com:51820, is not resolved yet");
  EXPECT_EQ(WhyNoHandshake(WorkingDevice(), PeerAt("203.0.113.1:51820")),
            "nothing was sent to it yet; a packet to it, or PersistentKeepalive, starts a "
            "handshake");
}

}  // namespace
}  // namespace ringwire::platform
