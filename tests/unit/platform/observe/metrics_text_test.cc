#include "platform/observe/metrics_text.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace ringwire::platform {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'100);
constexpr char kKey[] = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

PeerStatus PeerOf(uint8_t seed) {
  PeerStatus peer;
  peer.public_key.fill(seed);
  return peer;
}

StatusReport FullReport() {
  StatusReport report;
  report.interface_name = "wg0";
  report.version = "1.2.3";
  report.stage = ServiceStage::kReady;
  report.link_up = true;
  report.mtu = 1420;
  report.aead_providers = {"BoringSSL", ""};
  report.workers = {{0, "io_uring", {{"wakeups", 7}}}, {1, "io_uring", {{"wakeups", 8}}}};
  report.offloads = {{"tso", "fell", "Input/output error", 2}};
  report.drops = {{"receive_buffer_full", 6}, {"replay", 5}};
  report.sandbox.refused_calls = 3;
  DeviceStatus device;
  device.private_key.emplace();
  device.handshakes.responder.completed = {4, 0};
  device.other_server_key.count = 9;
  PeerStatus peer = PeerOf(1);
  peer.name = "a\"\\\nb";
  peer.endpoint = SocketAddress::Parse("192.0.2.1:51820");
  peer.allowed_ips = {*Prefix::Parse("10.0.0.2/32"), *Prefix::Parse("fd00::/64")};
  peer.last_handshake = absl::FromUnixSeconds(1'700'000'000);
  peer.receive_bytes = 12;
  peer.transmit_bytes = 34;
  device.peers = {peer};
  SetDevice(device, &report);
  return report;
}

std::string Format(const std::vector<InterfaceStatus>& interfaces, size_t peers_max = 1000) {
  return FormatMetrics(interfaces, "9.9.9", kNow, {peers_max});
}

bool HasLine(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(MetricsTextTest, NamesPeersAsOtherExportersDo) {
  const std::string text = Format({{"wg0", FullReport()}});
  const std::string peer = std::string(R"({device="wg0",public_key=")") + kKey + "\"";
  for (
      const std::string& line :
      {R"(wireguard_device_info{device="wg0",public_key="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="} 1)" +
           std::string(),
       "wireguard_peer_info" + peer + R"(,endpoint="192.0.2.1:51820",name="a\"\\\nb"} 1)",
       "wireguard_peer_allowed_ips_info" + peer + R"(,allowed_ips="10.0.0.2/32",family="IPv4"} 1)",
       "wireguard_peer_allowed_ips_info" + peer + R"(,allowed_ips="fd00::/64",family="IPv6"} 1)",
       "wireguard_peer_receive_bytes_total" + peer + "} 12",
       "wireguard_peer_transmit_bytes_total" + peer + "} 34",
       "wireguard_peer_last_handshake_seconds" + peer + "} 1700000000"}) {
    EXPECT_TRUE(HasLine(text, line)) << line;
  }
}

TEST(MetricsTextTest, HasWhatOnlyRingwireKnows) {
  const std::string text = Format({{"wg0", FullReport()}});
  for (
      const std::string line :
      {R"(ringwire_exporter_build_info{version="9.9.9"} 1)", R"(ringwire_up{device="wg0"} 1)",
       R"(ringwire_ready{device="wg0"} 1)",
       R"(ringwire_build_info{device="wg0",version="1.2.3"} 1)",
       R"(ringwire_backend_info{device="wg0",backend="io_uring"} 1)",
       R"(ringwire_peers_with_session{device="wg0"} 1)",
       R"(ringwire_handshakes_total{device="wg0",role="responder",suite="ChaCha20-Poly1305",result="completed"} 4)",
       R"(ringwire_drops_total{device="wg0",reason="replay"} 5)",
       R"(ringwire_drops_total{device="wg0",reason="unknown_peer"} 0)",
       R"(ringwire_drops_total{device="wg0",reason="receive_buffer_full"} 6)",
       R"(ringwire_stray_initiations_total{device="wg0",kind="other_server_key"} 9)",
       R"(ringwire_worker_wakeups_total{device="wg0",worker="1"} 8)",
       R"(ringwire_offload_info{device="wg0",offload="tso",state="fell",why="Input/output error"} 1)",
       R"(ringwire_offload_failures_total{device="wg0",offload="tso"} 2)",
       R"(ringwire_sandbox_refused_calls_total{device="wg0"} 3)"}) {
    EXPECT_TRUE(HasLine(text, line)) << line;
  }
}

TEST(MetricsTextTest, ShowsAServiceThatDoesNotAnswer) {
  const std::string text = Format({{"wg0", FullReport()}, {"wg1", std::nullopt}});
  EXPECT_TRUE(HasLine(text, R"(ringwire_up{device="wg1"} 0)"));
  EXPECT_TRUE(HasLine(text, R"(ringwire_ready{device="wg1"} 0)"));
}

TEST(MetricsTextTest, LimitsTheSeriesOfPeersAndSaysSo) {
  StatusReport report = FullReport();
  report.device.peers = {PeerOf(1), PeerOf(2), PeerOf(3)};
  const std::string text = Format({{"wg0", report}}, 2);
  EXPECT_TRUE(HasLine(text, R"(ringwire_peers{device="wg0"} 3)"));
  EXPECT_TRUE(HasLine(text, R"(ringwire_peers_left_out{device="wg0"} 1)"));
  EXPECT_NE(text.find("public_key=\"AgIC"), std::string::npos);
  EXPECT_EQ(text.find("public_key=\"AwMD"), std::string::npos);
}

// The rules of the format that a parser checks: one HELP and TYPE for each metric, before its
// samples, which are together; counters end in _total.
TEST(MetricsTextTest, KeepsTheRulesOfTheFormat) {
  StatusReport other = FullReport();
  other.interface_name = "wg1";
  std::istringstream lines(Format({{"wg0", FullReport()}, {"wg1", other}}));
  std::set<std::string> metrics;
  std::set<std::string> samples;
  std::string metric;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ")) {
      metric = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(metrics.insert(metric).second) << metric;
    } else if (line.starts_with("# TYPE ")) {
      EXPECT_TRUE(line.starts_with("# TYPE " + metric + " "));
      EXPECT_EQ(line.ends_with("counter"), metric.ends_with("_total")) << line;
    } else {
      EXPECT_TRUE(line.starts_with(metric + "{")) << line;
      EXPECT_TRUE(samples.insert(line.substr(0, line.rfind(' '))).second) << line;
    }
  }
  EXPECT_GT(metrics.size(), 20U);
}

}  // namespace
}  // namespace ringwire::platform
