#include "tests/unit/platform/io/backend_fixture.h"

#include <cstring>
#include <utility>

#include "core/base/check.h"

namespace ringwire::platform {
namespace {

constexpr size_t kIpv4HeaderBytes = 20;
constexpr size_t kUdpHeaderBytes = 8;
constexpr uint8_t kProtocolUdp = 17;

// The payload of a UDP packet over IPv4; nothing for other packets.
std::optional<std::string> UdpPayload(const TunFrame& frame) {
  const std::span<const uint8_t> bytes = frame.bytes;
  if (bytes.size() < kTunHeaderBytes + kIpv4HeaderBytes + kUdpHeaderBytes) return std::nullopt;
  const std::span<const uint8_t> packet = bytes.subspan(kTunHeaderBytes);
  if (packet[0] != 0x45 || packet[9] != kProtocolUdp) return std::nullopt;
  const auto payload = packet.subspan(kIpv4HeaderBytes + kUdpHeaderBytes);
  return std::string(payload.begin(), payload.end());
}

}  // namespace

void BackendTest::SetUp() {
  if (const std::string obstacle = NetworkNamespace::Obstacle(); !obstacle.empty()) {
    GTEST_SKIP() << "SKIP: " << obstacle;
  }
  namespace_.emplace();
  absl::StatusOr<TunDevice> tun = CreateTunDevice({"rwio0", 1, false, false});
  ASSERT_TRUE(tun.ok()) << tun.status();
  tun_ = *std::move(tun);
  DisableIpv6(
      tun_name());  // else the kernel's own chatter would end waits that only a wake may end
  SetAddressV4(tun_name(), "10.0.0.1", "255.255.255.0");
  SetLinkUp(tun_name(), true);
  host_sender_.emplace("10.0.0.1");
  OpenSockets();
  StartBackend(GetParam().offloads);
}

void BackendTest::TearDown() {
  if (backend_ != nullptr) backend_->Stop();
}

void BackendTest::OpenSockets() {
  UdpOptions options;
  options.gro = true;
  absl::StatusOr<UdpSocketGroup> group = OpenUdpSockets(options);
  ASSERT_TRUE(group.ok()) << group.status();
  group_ = *std::move(group);
}

void BackendTest::StartBackend(const char* offloads, IoFaults* faults) {
  if (backend_ != nullptr) backend_->Stop();
  backend_.reset();
  ladder_ = std::make_unique<CapabilityLadder>(
      *OffloadSwitches::Parse(offloads),
      [this](const std::string& line) { warnings_.push_back(line); });
  StartBackend(kDatagramBytesMax, faults);
}

void BackendTest::StartBackend(uint32_t datagram_bytes_max, IoFaults* faults) {
  if (backend_ != nullptr) backend_->Stop();
  BackendOptions options;
  options.tun_fd = tun_->queues[0].get();
  options.udp_v4_fd = sockets().v4.get();
  options.udp_v6_fd = sockets().v6.get();
  options.counters = &counters_;
  options.ladder = ladder_.get();
  options.faults = faults;
  options.datagram_bytes_max = datagram_bytes_max;
  backend_ = GetParam().make(options);
  const absl::Status status = backend_->Start();
  ASSERT_TRUE(status.ok()) << status;
}

std::vector<BackendTest::Received> BackendTest::ReceiveRuns(size_t count) {
  std::vector<Received> all;
  while (true) {
    CHECK(backend_->udp_batch().size() <= kBatchRunsMax);
    for (const ReceivedRun& received : backend_->udp_batch()) {
      const ringwire::Run& run = received.run;
      all.push_back({std::string(reinterpret_cast<const char*>(run.data), run.PayloadBytes()),
                     run.count, run.segment_bytes, received.from, received.tos,
                     received.truncated});
    }
    backend_->Release();
    if (all.size() >= count) return all;
    const absl::Status status = backend_->Wait();
    CHECK(status.ok());
  }
}

std::vector<std::string> BackendTest::ReadTunPayloads(size_t count) {
  std::vector<std::string> all;
  while (true) {
    CHECK(backend_->tun_batch().size() <= kBatchRunsMax);
    for (const TunFrame& frame : backend_->tun_batch()) {
      if (std::optional<std::string> payload = UdpPayload(frame)) all.push_back(*payload);
    }
    backend_->Release();
    if (all.size() >= count) return all;
    const absl::Status status = backend_->Wait();
    CHECK(status.ok());
  }
}

void BackendTest::SendIntoTun(const std::string& payload) {
  host_sender_->Send(At("10.0.0.2", 9), payload);
}

void BackendTest::Send(const std::string& bytes, size_t segment_bytes, const Endpoint& to,
                       uint8_t tos) {
  std::string& kept = sent_.emplace_back(bytes);
  auto* const data = reinterpret_cast<uint8_t*>(kept.data());
  const SendRun run{ringwire::Run::Train({data, kept.size()}, segment_bytes), to, tos, kPeer};
  backend_->SendUdp({&run, 1});
}

void BackendTest::WriteTun(Bytes packet, uint32_t segments) {
  packet.insert(packet.begin(), kTunHeaderBytes, 0);
  Bytes& kept = written_.emplace_back(std::move(packet));
  const size_t first_bytes = kept.size() / 2;
  const std::array<Piece, 2> pieces{
      Piece{kept.data(), static_cast<uint32_t>(first_bytes)},
      Piece{kept.data() + first_bytes, static_cast<uint32_t>(kept.size() - first_bytes)}};
  const TunWrite write{0, 2, segments, static_cast<uint32_t>(kept.size())};
  backend_->WriteTun({{&write, 1}, pieces});
}

Endpoint ToRemote(const SocketAddress& remote, const char* local) {
  Endpoint endpoint;
  endpoint.remote = remote;
  if (local != nullptr) endpoint.local = At(local, 0).address;
  return endpoint;
}

std::string BackendName(const testing::TestParamInfo<BackendKind>& info) { return info.param.name; }

}  // namespace ringwire::platform
