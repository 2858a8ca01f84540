#include "platform/app/show_text.h"

#include <gtest/gtest.h>

namespace ringwire::platform {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

PeerStatus PeerOf(uint8_t seed) {
  PeerStatus peer;
  peer.public_key.fill(seed);
  return peer;
}

StatusReport ReportOf(std::vector<PeerStatus> peers) {
  StatusReport report;
  report.interface_name = "wg0";
  report.version = "0.1.0";
  report.mtu = 1420;
  report.workers = {{0, "epoll", {{"wakeups", 0}}}};
  DeviceStatus device;
  device.peers = std::move(peers);
  SetDevice(device, &report);
  return report;
}

TEST(ShowTextTest, PrintsWhatWgShowPrints) {
  PeerStatus peer = PeerOf(1);
  peer.preshared_key.bytes()[0] = 1;
  peer.endpoint = SocketAddress::Parse("192.0.2.1:51820");
  peer.allowed_ips = {*Prefix::Parse("10.0.0.2/32"), *Prefix::Parse("fd00::/64")};
  peer.last_handshake = kNow - absl::Seconds(63);
  peer.receive_bytes = 1372;
  peer.transmit_bytes = 1428;
  peer.persistent_keepalive_seconds = 25;
  StatusReport report = ReportOf({peer});
  report.has_private_key = true;
  report.device.listen_port = 51820;
  report.device.fwmark = 0xca6c;
  const std::string expected =
      "interface: wg0\n"
      "  public key: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
      "  private key: (hidden)\n"
      "  listening port: 51820\n"
      "  fwmark: 0xca6c\n"
      "\n"
      "peer: AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n"
      "  preshared key: (hidden)\n"
      "  endpoint: 192.0.2.1:51820\n"
      "  allowed ips: 10.0.0.2/32, fd00::/64\n"
      "  latest handshake: 1 minute, 3 seconds ago\n"
      "  transfer: 1.34 KiB received, 1.39 KiB sent\n"
      "  persistent keepalive: every 25 seconds\n";
  const std::string text = FormatShow(report, kNow, /*colour=*/false);
  EXPECT_EQ(text.substr(0, expected.size()), expected);
}

TEST(ShowTextTest, PrintsABareDevice) {
  EXPECT_EQ(FormatShow(ReportOf({}), kNow, false),
            "interface: wg0\n\nringwire: 0.1.0\n  link: down, mtu 1420\n  workers: 1 (epoll)\n");
}

TEST(ShowTextTest, PutsTheNewestHandshakeFirst) {
  std::vector<PeerStatus> peers = {PeerOf(1), PeerOf(2), PeerOf(3)};
  peers[1].last_handshake = kNow - absl::Seconds(100);
  peers[2].last_handshake = kNow - absl::Seconds(10);
  const std::string text = FormatShow(ReportOf(peers), kNow, false);
  const size_t first = text.find("peer: AwMD");
  const size_t second = text.find("peer: AgIC");
  const size_t third = text.find("peer: AQEB");
  ASSERT_NE(first, std::string::npos);
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_LT(third, std::string::npos);
}

TEST(ShowTextTest, NamesDropsAndCountsThatAreNotZero) {
  StatusReport report = ReportOf({});
  report.drops = {{"replay", 2}, {"unknown_peer", 1}};
  report.workers[0].counts = {{"wakeups", 3}, {"udp_send_runs", 0}};
  const std::string text = FormatShow(report, kNow, false);
  EXPECT_NE(text.find("  drops: replay 2, unknown_peer 1\n"), std::string::npos);
  EXPECT_NE(text.find("  worker 0: wakeups 3\n"), std::string::npos);
}

TEST(ShowTextTest, NamesSuitesSwitchesAndHandshakes) {
  std::vector<PeerStatus> peers = {PeerOf(1), PeerOf(2)};
  peers[0].transport_suite = "AES-256-GCM";
  peers[1].transport_suite = "ChaCha20-Poly1305";
  peers[1].transport_cipher = TransportCipher::kChaCha20Poly1305;
  StatusReport report = ReportOf(peers);
  std::string text = FormatShow(report, kNow, false);
  EXPECT_NE(text.find("  suite: AES-256-GCM\n\npeer: AgIC"), std::string::npos);
  EXPECT_NE(text.find("  suite: ChaCha20-Poly1305\n  transport cipher: chacha20-poly1305\n\n"),
            std::string::npos);
  EXPECT_EQ(text.find("handshakes"), std::string::npos);
  report.device.transport_cipher = TransportCipher::kChaCha20Poly1305;
  report.device.handshakes.responder.completed = {1, 2};
  text = FormatShow(report, kNow, false);
  EXPECT_NE(text.find("  transport cipher: chacha20-poly1305\n"
                      "  handshakes: responder_completed_chacha20_poly1305 1, "
                      "responder_completed_aes_256_gcm 2\n"),
            std::string::npos);
}

TEST(ShowTextTest, NamesTheProviderOfEachSuite) {
  StatusReport report = ReportOf({});
  report.aead_providers = {"intel-ipsec-mb", "BoringSSL"};
  EXPECT_NE(FormatShow(report, kNow, false)
                .find("  aead: ChaCha20-Poly1305 by intel-ipsec-mb, AES-256-GCM by BoringSSL\n"),
            std::string::npos);
  report.aead_providers = {"BoringSSL", ""};
  EXPECT_NE(FormatShow(report, kNow, false).find("  aead: ChaCha20-Poly1305 by BoringSSL\n"),
            std::string::npos);
}

TEST(ShowTextTest, SaysWhichOffloadsAreUsedAndWhyOthersAreNot) {
  StatusReport report = ReportOf({});
  report.offloads = {{"tso", "on", "", 0},
                     {"uso", "off", "switched off", 0},
                     {"udp-gso", "fell", "Input/output error", 1},
                     {"udp-gro", "on", "not proved: loopback is down", 0},
                     {"tun-gso-write", "on", "", 2}};
  EXPECT_NE(FormatShow(report, kNow, false)
                .find("  offloads: tso, udp-gro, tun-gso-write\n"
                      "  offload uso: off: switched off\n"
                      "  offload udp-gso: fell: Input/output error, failed 1 time\n"
                      "  offload udp-gro: on, not proved: loopback is down\n"
                      "  offload tun-gso-write: on, failed 2 times\n"),
            std::string::npos);
  report.offloads = {{"tso", "off", "switched off", 0}};
  EXPECT_NE(FormatShow(report, kNow, false).find("  offloads: (none)\n"), std::string::npos);
}

TEST(ShowTextTest, ColoursOnlyWhenAsked) {
  EXPECT_EQ(FormatShow(ReportOf({PeerOf(1)}), kNow, false).find('\x1b'), std::string::npos);
  EXPECT_NE(FormatShow(ReportOf({PeerOf(1)}), kNow, true).find('\x1b'), std::string::npos);
}

TEST(ShowTextTest, SaysHowLongAgo) {
  EXPECT_EQ(FormatAgo(kNow, kNow), "Now");
  EXPECT_EQ(FormatAgo(kNow - absl::Seconds(1), kNow), "1 second ago");
  EXPECT_EQ(FormatAgo(kNow - absl::Hours(25) - absl::Minutes(2), kNow),
            "1 day, 1 hour, 2 minutes ago");
  EXPECT_EQ(FormatAgo(kNow - absl::Hours(24 * 800), kNow), "2 years, 70 days ago");
  EXPECT_NE(FormatAgo(kNow + absl::Seconds(5), kNow).find("clock"), std::string::npos);
}

TEST(ShowTextTest, PrintsBytesAsWgDoes) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1024), "1.00 KiB");
  EXPECT_EQ(FormatBytes(1024 * 1024 - 1), "1024.00 KiB");
  EXPECT_EQ(FormatBytes(1024 * 1024), "1.00 MiB");
  EXPECT_EQ(FormatBytes(uint64_t{3} << 30), "3.00 GiB");
  EXPECT_EQ(FormatBytes(uint64_t{5} << 50), "5120.00 TiB");
}

}  // namespace
}  // namespace ringwire::platform
