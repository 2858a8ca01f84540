#include "platform/control/sockets/status_report.h"

#include <gtest/gtest.h>

namespace ringwire::platform {
namespace {

StatusReport FullReport() {
  StatusReport report;
  report.interface_name = "wg0";
  report.version = "1.2.3";
  report.aead_providers = {"intel-ipsec-mb", "BoringSSL"};
  report.mtu = 1420;
  report.link_up = true;
  report.network_namespace = "vpn";
  report.stage = ServiceStage::kDraining;
  DeviceStatus device;
  device.private_key.emplace();
  device.public_key.fill(9);
  device.listen_port = 51820;
  device.fwmark = 0xca6c;
  device.transport_cipher = TransportCipher::kChaCha20Poly1305;
  device.handshakes.initiator = {.started = {1, 2}, .completed = {3, 4}};
  device.handshakes.responder = {.started = {5, 6}, .completed = {7, 8}};
  PeerStatus peer;
  peer.public_key.fill(1);
  peer.preshared_key.bytes()[5] = 1;
  peer.name = "alice \"\xff\n";
  peer.endpoint = SocketAddress::Parse("[fe80::1%3]:7");
  peer.last_handshake = absl::FromUnixNanos(1'700'000'000'123'456'789);
  peer.receive_bytes = uint64_t{1} << 40;
  peer.transmit_bytes = 3;
  peer.persistent_keepalive_seconds = 25;
  peer.allowed_ips = {*Prefix::Parse("10.0.0.0/8"), *Prefix::Parse("fd00::/64")};
  peer.transport_cipher = TransportCipher::kChaCha20Poly1305;
  peer.transport_suite = "ChaCha20-Poly1305";
  peer.endpoint_name = "gw.example.com:51820";
  peer.attempts = {8, absl::Milliseconds(40500), 2, 3};
  device.peers.push_back(peer);
  device.other_server_key = {3, *SocketAddress::Parse("192.0.2.1:7"), absl::Seconds(2)};
  device.unknown_key = {4, *SocketAddress::Parse("[2001:db8::1]:7"), absl::Seconds(3)};
  device.last_unknown_key.fill(5);
  SetDevice(device, &report);
  report.workers.push_back({0, "epoll", {{"wakeups", 7}}});
  report.offloads = {{"tso", "on", "", 0}, {"udp-gso", "fell", "Input/output error", 2}};
  report.drops = {{"replay", 2}};
  report.sandbox = {65520, {"runs without Landlock: none"}, 3, 257};
  return report;
}

TEST(StatusReportTest, SurvivesJson) {
  const absl::StatusOr<StatusReport> read = ReportFromJson(ToJson(FullReport()));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(ToJson(*read), ToJson(FullReport()));
  EXPECT_EQ(read->interface_name, "wg0");
  EXPECT_EQ(read->aead_providers[0], "intel-ipsec-mb");
  EXPECT_EQ(read->aead_providers[1], "BoringSSL");
  EXPECT_TRUE(read->link_up);
  EXPECT_EQ(read->stage, ServiceStage::kDraining);
  EXPECT_EQ(read->network_namespace, "vpn");
  EXPECT_EQ(read->mtu, 1420u);
  EXPECT_EQ(read->device.listen_port, 51820);
  EXPECT_EQ(read->device.fwmark, 0xca6cu);
  EXPECT_EQ(read->device.transport_cipher, TransportCipher::kChaCha20Poly1305);
  EXPECT_EQ(CountsOf(read->device.handshakes),
            (NamedCounts{{"initiator_started_chacha20_poly1305", 1},
                         {"initiator_started_aes_256_gcm", 2},
                         {"initiator_completed_chacha20_poly1305", 3},
                         {"initiator_completed_aes_256_gcm", 4},
                         {"responder_started_chacha20_poly1305", 5},
                         {"responder_started_aes_256_gcm", 6},
                         {"responder_completed_chacha20_poly1305", 7},
                         {"responder_completed_aes_256_gcm", 8}}));
  ASSERT_EQ(read->device.peers.size(), 1u);
  EXPECT_EQ(read->device.peers[0].transport_cipher, TransportCipher::kChaCha20Poly1305);
  EXPECT_EQ(read->device.peers[0].transport_suite, "ChaCha20-Poly1305");
  const PeerStatus& peer = read->device.peers[0];
  EXPECT_EQ(peer.endpoint_name, "gw.example.com:51820");
  EXPECT_EQ(peer.attempts.initiations, 8u);
  EXPECT_EQ(peer.attempts.duration, absl::Milliseconds(40500));
  EXPECT_EQ(read->device.other_server_key.count, 3u);
  EXPECT_EQ(read->device.unknown_key.age, absl::Seconds(3));
  EXPECT_EQ(read->device.last_unknown_key, FullReport().device.last_unknown_key);
  EXPECT_EQ(peer.endpoint->ToString(), "[fe80::1%3]:7");
  EXPECT_EQ(absl::ToUnixNanos(*peer.last_handshake), 1'700'000'000'123'456'789);
  EXPECT_EQ(peer.receive_bytes, uint64_t{1} << 40);
  EXPECT_EQ(peer.allowed_ips.size(), 2u);
  EXPECT_EQ(read->workers[0].counts, (NamedCounts{{"wakeups", 7}}));
  ASSERT_EQ(read->offloads.size(), 2u);
  EXPECT_EQ(read->offloads[0].name, "tso");
  EXPECT_EQ(read->offloads[0].state, "on");
  EXPECT_EQ(read->offloads[1].name, "udp-gso");
  EXPECT_EQ(read->offloads[1].state, "fell");
  EXPECT_EQ(read->offloads[1].why, "Input/output error");
  EXPECT_EQ(read->offloads[1].falls, 2u);
  EXPECT_EQ(read->drops, (NamedCounts{{"replay", 2}}));
  EXPECT_EQ(read->sandbox.user, 65520u);
  EXPECT_EQ(read->sandbox.missing_walls, (std::vector<std::string>{"runs without Landlock: none"}));
  EXPECT_EQ(read->sandbox.refused_calls, 3u);
  EXPECT_EQ(read->sandbox.last_refused_call, 257);
}

TEST(StatusReportTest, NamesTheProviderOfEachSuiteThatIsUsed) {
  using enum crypto::AeadProvider;
  StatusReport report = FullReport();
  report.aead_providers = ProviderNames({{kIpsecMb, kBoringSsl}}, /*has_aes=*/true);
  EXPECT_NE(ToJson(report).find(R"("aead_providers":{"chacha20_poly1305":"intel-ipsec-mb",)"
                                R"("aes_256_gcm":"BoringSSL"})"),
            std::string::npos);
  report.aead_providers = ProviderNames({{kBoringSsl, kIpsecMb}}, /*has_aes=*/false);
  EXPECT_NE(ToJson(report).find(R"("aead_providers":{"chacha20_poly1305":"BoringSSL"})"),
            std::string::npos);
}

TEST(StatusReportTest, CarriesNoSecret) {
  const StatusReport report = FullReport();
  EXPECT_FALSE(report.device.private_key.has_value());
  EXPECT_TRUE(report.device.peers[0].preshared_key.IsZero());
  EXPECT_TRUE(report.has_preshared_key[0]);
}

TEST(StatusReportTest, RefusesWhatIsNoReport) {
  for (const char* const text :
       {"", "[]", "{", "{\"error\":\"no\"}", "{\"interface\":\"a\",\"peers\":[7]}",
        "{\"interface\":\"a\",\"private_key\":true}",
        "{\"interface\":\"a\",\"private_key\":true,\"public_key\":\"short\"}"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ReportFromJson(text).status())) << text;
  }
}

TEST(StatusReportTest, RefusesANewerFormatAndSaysWhatToDo) {
  std::string text = ToJson(FullReport());
  EXPECT_EQ(text.find(R"({"format":1,"interface":"wg0")"), 0U) << text;
  text.replace(text.find(":1"), 2, ":2");
  const absl::Status status = ReportFromJson(text).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_EQ(
      status.message(),
      "cannot read the status of wg0: a newer ringwire wrote it (format 2, this version reads "
      "up to 1); use the `ringwire show` of version 1.2.3, or `ringwire show --json`");
}

TEST(StatusReportTest, AddsUpTheDropsOfAllThreadsAndLeavesZerosOut) {
  WorkerCounters a;
  WorkerCounters b;
  a.Drop(DropReason::kReplay, 2);
  b.Drop(DropReason::kReplay, 3);
  b.Drop(DropReason::kTunNotIp);
  EXPECT_EQ(DropsOf({&a, &b}), (NamedCounts{{"tun_not_ip", 1}, {"replay", 5}}));
}

}  // namespace
}  // namespace ringwire::platform
