#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/platform/io/backend_fixture.h"

namespace ringwire::platform {
namespace {

using BackendSendTest = BackendTest;

INSTANTIATE_TEST_SUITE_P(Every, BackendSendTest, testing::Values(kIoUring, kIoUringPolled, kEpoll),
                         BackendName);

std::string Numbered(size_t i) { return "packet " + std::to_string(i); }

// A packet that the host takes for its own: from 10.0.0.2 to 10.0.0.1.
Bytes PacketForHost(uint16_t destination_port, size_t payload_bytes, uint8_t seed = 1) {
  PacketSpec spec;
  spec.source = TestAddress(IpFamily::kV4, 2);
  spec.destination = TestAddress(IpFamily::kV4, 1);
  spec.destination_port = destination_port;
  spec.payload_bytes = payload_bytes;
  spec.payload_seed = seed;
  return BuildPacket(spec);
}

std::string Pattern(size_t bytes, uint8_t seed = 1) {
  std::string pattern;
  for (size_t i = 0; i < bytes; ++i) pattern.push_back(static_cast<char>(PatternByte(seed, i)));
  return pattern;
}

// An Ethernet device whose only neighbour never answers: what is sent there waits for its address,
// and stays on the sender's account.
UniqueFd OpenSilentNetwork() {
  UniqueFd fd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  ifreq request{};
  std::strcpy(request.ifr_name, "rwiotap0");
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  EXPECT_EQ(::ioctl(fd.get(), TUNSETIFF, &request), 0);
  SetAddressV4("rwiotap0", "10.8.0.1", "255.255.255.0");
  SetLinkUp("rwiotap0", true);
  return fd;
}

TEST_P(BackendSendTest, SendsFromTheGivenAddressWithTosOverIpv4) {
  SetAddressV4("lo:1", "10.9.9.9", "255.255.255.255");
  const Remote remote("127.0.0.1");
  Send("hello", 0, ToRemote(remote.address(), "10.9.9.9"), kEcnMarked);
  ASSERT_TRUE(backend_->Flush().ok());
  const Remote::Datagram datagram = remote.Receive();
  EXPECT_EQ(datagram.payload, "hello");
  EXPECT_EQ(datagram.from, At("10.9.9.9", port()));
  EXPECT_EQ(datagram.tos, kEcnMarked);
  EXPECT_EQ(counters_.udp_send_runs.value(), 1);
  EXPECT_EQ(counters_.udp_send_segments.value(), 1);
  EXPECT_EQ(counters_.udp_send_bytes.value(), 5);
  EXPECT_TRUE(backend_->unusable_sources().empty());
}

TEST_P(BackendSendTest, SendsFromTheGivenAddressWithTosOverIpv6) {
  AddAddressV6("lo", "fd00::9", 128);
  const Remote remote("::1");
  Send("hello", 0, ToRemote(remote.address(), "fd00::9"), kEcnMarked);
  ASSERT_TRUE(backend_->Flush().ok());
  const Remote::Datagram datagram = remote.Receive();
  EXPECT_EQ(datagram.payload, "hello");
  EXPECT_EQ(datagram.from, At("fd00::9", port()));
  EXPECT_EQ(datagram.tos, kEcnMarked);
}

TEST_P(BackendSendTest, ATrainArrivesAsItsDatagramsTheLastOneShort) {
  for (const char* address : {"127.0.0.1", "::1"}) {
    const Remote remote(address);
    Send(std::string(1200, 'a') + std::string(1200, 'b') + "end", 1200,
         ToRemote(remote.address(), address), kEcnMarked);
    ASSERT_TRUE(backend_->Flush().ok());
    EXPECT_EQ(remote.Receive().payload, std::string(1200, 'a'));
    EXPECT_EQ(remote.Receive().payload, std::string(1200, 'b'));
    const Remote::Datagram last = remote.Receive();
    EXPECT_EQ(last.payload, "end");
    EXPECT_EQ(last.tos, kEcnMarked);
    EXPECT_TRUE(remote.IsQuiet());
  }
  EXPECT_EQ(counters_.udp_send_runs.value(), 2);
  EXPECT_EQ(counters_.udp_send_segments.value(), 6);
  EXPECT_EQ(counters_.udp_send_bytes.value(), 2 * 2403);
}

TEST_P(BackendSendTest, SendsTheLongestTrains) {
  const Remote remote("127.0.0.1");
  Send(std::string(kTrainSegmentsMax * 100, 'x'), 100, ToRemote(remote.address()));
  Send(std::string(size_t{45} * 1452, 'y'), 1452, ToRemote(remote.address()));
  ASSERT_TRUE(backend_->Flush().ok());
  for (size_t i = 0; i < kTrainSegmentsMax; ++i) ASSERT_EQ(remote.Receive().payload.size(), 100);
  for (size_t i = 0; i < 45; ++i) ASSERT_EQ(remote.Receive().payload.size(), 1452);
  EXPECT_EQ(counters_.Dropped(DropReason::kSendFailed), 0);
}

TEST_P(BackendSendTest, KeepsTheOrderOfMoreRunsThanItQueuesAtOnce) {
  const Remote remote("127.0.0.1");
  std::vector<std::string> payloads;
  std::vector<SendRun> runs;
  payloads.reserve(700);
  for (size_t i = 0; i < 700; ++i) {
    std::string& payload = payloads.emplace_back(Numbered(i));
    auto* const data = reinterpret_cast<uint8_t*>(payload.data());
    runs.push_back(
        {ringwire::Run::Of({data, payload.size()}), ToRemote(remote.address()), 0, kPeer});
  }
  backend_->SendUdp(runs);
  ASSERT_TRUE(backend_->Flush().ok());
  for (size_t i = 0; i < 700; ++i) ASSERT_EQ(remote.Receive().payload, Numbered(i));
  EXPECT_EQ(counters_.udp_send_runs.value(), 700);
}

TEST_P(BackendSendTest, WaitSendsTheQueue) {
  const Remote remote("127.0.0.1");
  Send("hello", 0, ToRemote(remote.address()));
  backend_->Wake();
  ASSERT_TRUE(backend_->Wait().ok());
  EXPECT_EQ(remote.Receive().payload, "hello");
}

// What somebody else reads of the counters while the worker has nothing more to do.
TEST_P(BackendSendTest, CountsSentRunsBeforeTheNextWake) {
  const Remote remote("127.0.0.1");
  const Remote host("10.0.0.1");
  Send("traintrai", 5, ToRemote(remote.address()));
  Send("lost", 0, ToRemote(At("192.0.2.1", 9)));
  ASSERT_TRUE(backend_->Flush().ok());
  backend_->Release();
  Send("hello", 0, ToRemote(remote.address()));
  WriteTun(PacketForHost(host.address().port, 100));
  bool counted = false;
  std::thread reader([&] {
    for (int i = 0; i < 3; ++i) remote.Receive();
    host.Receive();
    counted = counters_.udp_send_segments.value() == 3 && counters_.udp_send_runs.value() == 2 &&
              counters_.udp_send_bytes.value() == 14 && counters_.tun_write_runs.value() == 1 &&
              counters_.tun_write_segments.value() == 1 && counters_.tun_write_bytes.value() == 138;
    backend_->Wake();
  });
  ASSERT_TRUE(backend_->Wait().ok());
  reader.join();
  EXPECT_TRUE(counted);
  EXPECT_EQ(counters_.Dropped(DropReason::kSendFailed), 1);
}

TEST_P(BackendSendTest, AnswersTheAddressThatWasContacted) {
  SetAddressV4("lo:1", "10.9.9.9", "255.255.255.255");
  const Remote remote("127.0.0.1");
  remote.Send(At("10.9.9.9", port()), "ping");
  const Endpoint from = ReceiveRuns(1)[0].from;
  Send("pong", 0, from);
  ASSERT_TRUE(backend_->Flush().ok());
  EXPECT_EQ(remote.Receive().from, At("10.9.9.9", port()));
}

TEST_P(BackendSendTest, RepeatsWithoutASourceAddressThatIsGone) {
  SetAddressV4("lo:1", "10.9.9.9", "255.255.255.255");
  AddAddressV6("lo", "fd00::9", 128);
  SetLinkUp("lo:1", false);
  RemoveAddressV6("lo", "fd00::9", 128);
  const Remote v4("127.0.0.1");
  const Remote v6("::1");
  Send("plain", 0, ToRemote(v4.address(), "10.9.9.9"));
  Send("traintrai", 5, ToRemote(v4.address(), "10.9.9.9"));
  Send("six", 0, ToRemote(v6.address(), "fd00::9"));
  ASSERT_TRUE(backend_->Flush().ok());
  EXPECT_EQ(v4.Receive().payload, "plain");
  EXPECT_EQ(v4.Receive().payload, "train");
  EXPECT_EQ(v4.Receive().payload, "trai");
  const Remote::Datagram six = v6.Receive();
  EXPECT_EQ(six.payload, "six");
  EXPECT_EQ(six.from, V6());
  EXPECT_EQ(counters_.source_address_retries.value(), 3);
  EXPECT_EQ(counters_.udp_send_segments.value(), 4);
  EXPECT_EQ(counters_.Dropped(DropReason::kSendFailed), 0);
  ASSERT_EQ(backend_->unusable_sources().size(), 1);  // the same peer thrice
  EXPECT_EQ(backend_->unusable_sources()[0], kPeer);
  EXPECT_TRUE(ladder_->IsOn(Offload::kUdpGso));
  backend_->Release();
  EXPECT_TRUE(backend_->unusable_sources().empty());
}

TEST_P(BackendSendTest, SendsATrainAboveTheMtuSegmentBySegment) {
  SetMtu("lo", 1280);
  const Remote remote("127.0.0.1");
  Send(std::string(1400, 'a') + std::string(1400, 'b') + "end", 1400, ToRemote(remote.address()));
  ASSERT_TRUE(backend_->Flush().ok());
  EXPECT_EQ(remote.Receive().payload, std::string(1400, 'a'));
  EXPECT_EQ(remote.Receive().payload, std::string(1400, 'b'));
  EXPECT_EQ(remote.Receive().payload, "end");
  EXPECT_EQ(counters_.udp_send_segments.value(), 3);
  EXPECT_EQ(counters_.udp_send_bytes.value(), 2803);
  EXPECT_TRUE(ladder_->IsOn(Offload::kUdpGso));
  // The next one is not sent twice.
  Send(std::string(1400, 'c') + "end", 1400, ToRemote(remote.address()));
  ASSERT_TRUE(backend_->Flush().ok());
  EXPECT_EQ(remote.Receive().payload, std::string(1400, 'c'));
  EXPECT_EQ(remote.Receive().payload, "end");
  EXPECT_EQ(counters_.trains_repeated.value(), 1);

  SetMtu("lo", 65536);
  Send("traintrain", 5, ToRemote(remote.address()));
  ASSERT_TRUE(backend_->Flush().ok());
  EXPECT_EQ(counters_.udp_send_runs.value(), 5 + 1);  // as a train again
}

TEST_P(BackendSendTest, CountsRunsWithoutARoute) {
  const Remote remote("127.0.0.1");
  Send("lost", 0, ToRemote(At("192.0.2.1", 9)));
  Send("losttrain", 4, ToRemote(At("2001:db8::1", 9)));
  Send("kept", 0, ToRemote(remote.address()));
  ASSERT_TRUE(backend_->Flush().ok());
  EXPECT_EQ(remote.Receive().payload, "kept");
  EXPECT_EQ(counters_.Dropped(DropReason::kSendFailed), 1 + 3);
  EXPECT_EQ(counters_.udp_send_segments.value(), 1);
  EXPECT_EQ(counters_.source_address_retries.value(), 0);
  EXPECT_TRUE(backend_->unusable_sources().empty());
}

TEST_P(BackendSendTest, CountsRunsWithoutASocketOfTheirFamily) {
  ASSERT_TRUE(backend_->ReplaceSockets(sockets().v4.get(), -1).ok());
  Send("six", 0, ToRemote(At("::1", 9)));
  ASSERT_TRUE(backend_->Flush().ok());
  EXPECT_EQ(counters_.Dropped(DropReason::kSendFailed), 1);
}

TEST_P(BackendSendTest, CountsRunsThatAFullSendBufferRefuses) {
  const UniqueFd network = OpenSilentNetwork();
  const int least = 1;
  ASSERT_EQ(::setsockopt(sockets().v4.get(), SOL_SOCKET, SO_SNDBUF, &least, sizeof(least)), 0);
  for (size_t i = 0; i < 20; ++i) {
    Send(std::string(1000, 'x'), 0, ToRemote(At("10.8.0.2", 9)));
  }
  Send(std::string(3000, 'x'), 1000, ToRemote(At("10.8.0.2", 9)));
  ASSERT_TRUE(backend_->Flush().ok());
  EXPECT_GT(counters_.Dropped(DropReason::kSendBufferFull), 3);
  EXPECT_EQ(counters_.Dropped(DropReason::kSendBufferFull) + counters_.udp_send_segments.value(),
            23);
  EXPECT_EQ(counters_.Dropped(DropReason::kSendFailed), 0);
}

TEST_P(BackendSendTest, WritesPacketsToTunInOrder) {
  const Remote host("10.0.0.1");
  WriteTun(PacketForHost(host.address().port, 100, 1));
  WriteTun(PacketForHost(host.address().port, 1300, 2));
  ASSERT_TRUE(backend_->Flush().ok());
  EXPECT_EQ(host.Receive().payload, Pattern(100, 1));
  EXPECT_EQ(host.Receive().payload, Pattern(1300, 2));
  EXPECT_EQ(counters_.tun_write_runs.value(), 2);
  EXPECT_EQ(counters_.tun_write_segments.value(), 2);
  EXPECT_EQ(counters_.tun_write_bytes.value(), 2 * (kTunHeaderBytes + 28) + 1400);
}

TEST_P(BackendSendTest, WritesMorePacketsThanItQueuesAtOnce) {
  const Remote host("10.0.0.1");
  for (size_t i = 0; i < 500; ++i) {
    WriteTun(PacketForHost(host.address().port, 50 + i, static_cast<uint8_t>(i)));
  }
  ASSERT_TRUE(backend_->Flush().ok());
  for (size_t i = 0; i < 500; ++i) {
    ASSERT_EQ(host.Receive().payload, Pattern(50 + i, static_cast<uint8_t>(i)));
  }
}

TEST_P(BackendSendTest, FillsBothQueuesInOneRound) {
  const Remote host("10.0.0.1");
  const Remote remote("127.0.0.1");
  for (size_t i = 0; i < 128; ++i) {
    Send(Numbered(i), 0, ToRemote(remote.address()));
    WriteTun(PacketForHost(host.address().port, 50 + i));
  }
  ASSERT_TRUE(backend_->Flush().ok());
  for (size_t i = 0; i < 128; ++i) {
    ASSERT_EQ(remote.Receive().payload, Numbered(i));
    ASSERT_EQ(host.Receive().payload, Pattern(50 + i));
  }
  remote.Send(V4(), "still receiving");
  EXPECT_EQ(ReceiveRuns(1)[0].payload, "still receiving");
}

TEST_P(BackendSendTest, WritesASuperpacketOfOnePieceASegment) {
  // USO: 64 segments of 100 bytes, each its own piece behind the first.
  constexpr size_t kSegments = 64;
  const Remote host("10.0.0.1");
  PacketSpec spec;
  spec.source = TestAddress(IpFamily::kV4, 2);
  spec.destination = TestAddress(IpFamily::kV4, 1);
  spec.destination_port = host.address().port;
  spec.payload_bytes = kSegments * 100;
  Bytes frame = BuildSuperpacket(spec);
  const VnetHeader vnet{VnetHeader::kNeedsChecksum, VnetHeader::kGsoUdpL4, 28, 100, 20, 6};
  frame.insert(frame.begin(), kTunHeaderBytes, 0);
  vnet.Store(std::span<uint8_t, kTunHeaderBytes>(frame.data(), kTunHeaderBytes));
  std::vector<Piece> pieces{{frame.data(), kTunHeaderBytes + 28 + 100}};
  for (size_t i = 1; i < kSegments; ++i) {
    pieces.push_back({frame.data() + kTunHeaderBytes + 28 + i * 100, 100});
  }
  const TunWrite write{0, kSegments, kSegments, static_cast<uint32_t>(frame.size())};
  backend_->WriteTun({{&write, 1}, pieces});
  ASSERT_TRUE(backend_->Flush().ok());
  EXPECT_EQ(counters_.tun_write_segments.value(), kSegments);
  EXPECT_EQ(counters_.Dropped(DropReason::kTunWriteFailed), 0);
  const std::string payload = Pattern(kSegments * 100);
  for (size_t i = 0; i < kSegments; ++i) {
    ASSERT_EQ(host.Receive().payload, payload.substr(i * 100, 100));
  }
}

TEST_P(BackendSendTest, CountsWritesToADeviceThatIsDownAndContinues) {
  const Remote host("10.0.0.1");
  SetLinkUp(tun_name(), false);
  WriteTun(PacketForHost(host.address().port, 100), 3);
  ASSERT_TRUE(backend_->Flush().ok());
  EXPECT_EQ(counters_.Dropped(DropReason::kTunWriteFailed), 3);
  EXPECT_EQ(counters_.tun_write_runs.value(), 0);

  SetLinkUp(tun_name(), true);
  WriteTun(PacketForHost(host.address().port, 100));
  ASSERT_TRUE(backend_->Flush().ok());
  EXPECT_EQ(host.Receive().payload, Pattern(100));
  EXPECT_EQ(counters_.tun_write_runs.value(), 1);
}

TEST_P(BackendSendTest, CountsAWriteThatTheKernelRefuses) {
  WriteTun(Bytes{0x00, 0x00});  // neither IPv4 nor IPv6
  ASSERT_TRUE(backend_->Flush().ok());
  EXPECT_EQ(counters_.Dropped(DropReason::kTunWriteFailed), 1);
}

TEST_P(BackendSendTest, AWriteFromAReceivedSlotOutlivesItsRelease) {
  // Datagrams wait for a slot while the packets in the released slots are still to be written.
  constexpr size_t kRounds = 8;
  const Remote host("10.0.0.1");
  const Remote remote("127.0.0.1");
  for (size_t i = 0; i < kRounds * kUdpSlots; ++i) {
    const Bytes packet = PacketForHost(host.address().port, 1000, static_cast<uint8_t>(i));
    remote.Send(V4(), std::string(packet.begin(), packet.end()));
  }
  size_t written = 0;
  while (written < kRounds * kUdpSlots) {
    ASSERT_TRUE(backend_->Wait().ok());
    for (const ReceivedRun& received : backend_->udp_batch()) {
      uint8_t* const frame = received.run.data - kTunHeaderBytes;
      std::memset(frame, 0, kTunHeaderBytes);
      const Piece piece{frame, uint32_t{kTunHeaderBytes} + received.run.segment_bytes};
      const TunWrite write{0, 1, 1, piece.size};
      backend_->WriteTun({{&write, 1}, {&piece, 1}});
      ++written;
    }
    backend_->Release();
  }
  ASSERT_TRUE(backend_->Flush().ok());
  for (size_t i = 0; i < kRounds * kUdpSlots; ++i) {
    ASSERT_EQ(host.Receive().payload, Pattern(1000, static_cast<uint8_t>(i))) << i;
  }
}

TEST_P(BackendSendTest, ReplacedSocketsAreUsedAndTheOldPortIsFree) {
  const Remote remote("127.0.0.1");
  Send("from the old port", 0, ToRemote(remote.address()));
  UdpSocketGroup old = std::move(group_);
  const uint16_t old_port = old.port;
  OpenSockets();
  ASSERT_TRUE(backend_->ReplaceSockets(sockets().v4.get(), sockets().v6.get()).ok());
  EXPECT_EQ(remote.Receive().from.port, old_port);
  old.workers.clear();
  const Remote taken("0.0.0.0", old_port);  // binds exclusively, or the test ends here
  const Remote taken_v6("::1", old_port);

  remote.Send(V4(), "to the new port");
  EXPECT_EQ(ReceiveRuns(1)[0].payload, "to the new port");
  Send("from the new port", 0, ToRemote(remote.address()));
  ASSERT_TRUE(backend_->Flush().ok());
  EXPECT_EQ(remote.Receive().from.port, port());
}

TEST_P(BackendSendTest, AfterStopPortAndDeviceAreFreeAtOnce) {
  Send("last words", 0, ToRemote(V4()));
  const uint16_t old_port = port();
  const std::string name = tun_name();
  backend_->Stop();
  EXPECT_EQ(counters_.udp_send_runs.value(), 1);
  group_.workers.clear();
  tun_.reset();
  const Remote taken("0.0.0.0", old_port);
  const absl::StatusOr<TunDevice> again = CreateTunDevice({name, 1, false, false});
  EXPECT_TRUE(again.ok()) << again.status();
}

}  // namespace
}  // namespace ringwire::platform
