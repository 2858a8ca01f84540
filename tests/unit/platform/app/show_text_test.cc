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
  report.link_up = true;
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
  const std::string text = FormatShow(report, kNow);
  EXPECT_EQ(text.substr(0, expected.size()), expected);
}

TEST(ShowTextTest, PrintsABareDevice) {
  EXPECT_EQ(FormatShow(ReportOf({}), kNow),
            "interface: wg0\n\nringwire: 0.1.0\n  link: down, mtu 1420\n  workers: 1 (epoll)\n");
}

TEST(ShowTextTest, SaysThatThereWasNoHandshakeAndWhy) {
  StatusReport report = ReportOf({PeerOf(1)});
  report.has_private_key = true;
  report.link_up = true;
  report.device.peers[0].endpoint = SocketAddress::Parse("203.0.113.1:51820");
  report.device.peers[0].attempts = {.initiations = 8, .duration = absl::Seconds(40)};
  EXPECT_NE(FormatShow(report, kNow)
                .find("  latest handshake: never\n  no handshake: no answer from "
                      "203.0.113.1:51820 for 40 s, 8 initiations; nothing came from there\n"),
            std::string::npos);
}

TEST(ShowTextTest, ShowsAnEndpointThatIsANameWithoutAnAddress) {
  StatusReport report = ReportOf({PeerOf(1)});
  report.device.peers[0].endpoint_name = "gw.example.com:51820";
  EXPECT_NE(
      FormatShow(report, kNow).find("  endpoint: gw.example.com:51820 (no address is known)\n"),
      std::string::npos);
}

TEST(ShowTextTest, PutsTheNewestHandshakeFirst) {
  std::vector<PeerStatus> peers = {PeerOf(1), PeerOf(2), PeerOf(3)};
  peers[1].last_handshake = kNow - absl::Seconds(100);
  peers[2].last_handshake = kNow - absl::Seconds(10);
  const std::string text = FormatShow(ReportOf(peers), kNow);
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
  EXPECT_EQ(FormatShow(report, kNow).find("worker 0"), std::string::npos);
  const std::string text = FormatShow(report, kNow, {.workers = true});
  EXPECT_NE(text.find("  drops: replay 2, unknown_peer 1\n"), std::string::npos);
  EXPECT_NE(text.find("  worker 0: wakeups 3\n"), std::string::npos);
}

TEST(ShowTextTest, NamesSuitesSwitchesAndHandshakes) {
  std::vector<PeerStatus> peers = {PeerOf(1), PeerOf(2)};
  peers[0].transport_suite = "AES-256-GCM";
  peers[1].transport_suite = "ChaCha20-Poly1305";
  peers[1].transport_cipher = TransportCipher::kChaCha20Poly1305;
  StatusReport report = ReportOf(peers);
  std::string text = FormatShow(report, kNow);
  EXPECT_NE(text.find("  suite: AES-256-GCM\n\npeer: AgIC"), std::string::npos);
  EXPECT_NE(text.find("  suite: ChaCha20-Poly1305\n  transport cipher: chacha20-poly1305\n\n"),
            std::string::npos);
  EXPECT_EQ(text.find("handshakes"), std::string::npos);
  report.device.transport_cipher = TransportCipher::kChaCha20Poly1305;
  report.device.handshakes.responder.completed = {1, 2};
  text = FormatShow(report, kNow);
  EXPECT_NE(text.find("  transport cipher: chacha20-poly1305\n"
                      "  handshakes: responder_completed_chacha20_poly1305 1, "
                      "responder_completed_aes_256_gcm 2\n"),
            std::string::npos);
}

TEST(ShowTextTest, NamesTheProviderOfEachSuite) {
  StatusReport report = ReportOf({});
  report.aead_providers = {"intel-ipsec-mb", "BoringSSL"};
  EXPECT_NE(FormatShow(report, kNow)
                .find("  aead: ChaCha20-Poly1305 by intel-ipsec-mb, AES-256-GCM by BoringSSL\n"),
            std::string::npos);
  report.aead_providers = {"BoringSSL", ""};
  EXPECT_NE(FormatShow(report, kNow).find("  aead: ChaCha20-Poly1305 by BoringSSL\n"),
            std::string::npos);
}

TEST(ShowTextTest, SaysWhichOffloadsAreUsedAndWhyOthersAreNot) {
  StatusReport report = ReportOf({});
  report.offloads = {{"tso", "on", "", 0},
                     {"uso", "off", "switched off", 0},
                     {"udp-gso", "fell", "Input/output error", 1},
                     {"udp-gro", "on", "not proved: loopback is down", 0},
                     {"tun-gso-write", "on", "", 2}};
  EXPECT_EQ(FormatShow(report, kNow).find("offload"), std::string::npos);
  EXPECT_NE(FormatShow(report, kNow, {.workers = true})
                .find("  offloads: tso, udp-gro, tun-gso-write\n"
                      "  offload uso: off: switched off\n"
                      "  offload udp-gso: fell: Input/output error, failed 1 time\n"
                      "  offload udp-gro: on, not proved: loopback is down\n"
                      "  offload tun-gso-write: on, failed 2 times\n"),
            std::string::npos);
  report.offloads = {{"tso", "off", "switched off", 0}};
  EXPECT_NE(FormatShow(report, kNow, {.workers = true}).find("  offloads: (none)\n"),
            std::string::npos);
}

TEST(ShowTextTest, PutsANameFirst) {
  StatusReport report = ReportOf({PeerOf(1)});
  report.device.peers[0].name = "alice";
  EXPECT_NE(FormatShow(report, kNow)
                .find("peer: alice\n  public key: AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n"),
            std::string::npos);
}

// The first letters of the names of peers, as they are shown.
std::string OrderOf(const StatusReport& report, const ShowOptions& options) {
  const std::string text = FormatShow(report, kNow, options);
  std::string order;
  for (size_t at = 0; (at = text.find("\npeer: ", at)) != std::string::npos; ++at) {
    order += text[at + 7];
  }
  return order;
}

TEST(ShowTextTest, SortsAndFiltersPeers) {
  std::vector<PeerStatus> peers = {PeerOf(1), PeerOf(2), PeerOf(3)};
  peers[0].name = "carol";
  peers[0].last_handshake = kNow;
  peers[0].endpoint = SocketAddress::Parse("192.0.2.9:1");
  peers[1].name = "alice";
  peers[1].receive_bytes = 100;
  peers[1].endpoint = SocketAddress::Parse("192.0.2.1:1");
  peers[2].name = "bob";
  peers[2].transmit_bytes = 200;
  peers[2].allowed_ips = {*Prefix::Parse("10.0.0.7/32")};
  const StatusReport report = ReportOf(peers);
  EXPECT_EQ(OrderOf(report, {.sort = ShowSort::kHandshake}), "cab");
  EXPECT_EQ(OrderOf(report, {.sort = ShowSort::kName}), "abc");
  EXPECT_EQ(OrderOf(report, {.sort = ShowSort::kTraffic}), "bac");
  EXPECT_EQ(OrderOf(report, {.sort = ShowSort::kEndpoint}), "acb");
  EXPECT_EQ(OrderOf(report, {.filter = "ALI"}), "a");
  EXPECT_EQ(OrderOf(report, {.filter = "10.0.0.7"}), "b");
  EXPECT_EQ(OrderOf(report, {.filter = "192.0.2.9"}), "c");
  EXPECT_EQ(OrderOf(report, {.filter = "nobody"}), "");
}

TEST(ShowTextTest, BreaksLinesWhereTheTerminalEnds) {
  StatusReport report = ReportOf({PeerOf(1)});
  for (int i = 0; i < 30; ++i) {
    report.device.peers[0].allowed_ips.push_back(
        *Prefix::Parse("10.0." + std::to_string(i) + ".0/24"));
  }
  const std::string text = FormatShow(report, kNow, {.width = 80});
  size_t begin = 0;
  for (size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    EXPECT_LE(end - begin, 80U) << text.substr(begin, end - begin);
  }
  EXPECT_NE(text.find("\n    10.0."), std::string::npos);
  EXPECT_NE(text.find("10.0.29.0/24\n"), std::string::npos);
}

TEST(ShowTextTest, ColoursOnlyWhenAsked) {
  EXPECT_EQ(FormatShow(ReportOf({PeerOf(1)}), kNow).find('\x1b'), std::string::npos);
  EXPECT_NE(FormatShow(ReportOf({PeerOf(1)}), kNow, {.colour = true}).find('\x1b'),
            std::string::npos);
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
