#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/platform/io/backend_fixture.h"

namespace ringwire::platform {
namespace {

using BackendReceiveTest = BackendTest;

INSTANTIATE_TEST_SUITE_P(Every, BackendReceiveTest,
                         testing::Values(kIoUring, kIoUringPolled, kEpoll), BackendName);

std::string Numbered(size_t i) { return "packet " + std::to_string(i); }

TEST_P(BackendReceiveTest, ReadsTunPacketsInOrderBehindTheVnetHeader) {
  SendIntoTun("one");
  SendIntoTun("two");
  SendIntoTun("three");
  EXPECT_EQ(ReadTunPayloads(3), (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_GE(counters_.tun_read_runs.value(), 3);
  EXPECT_GE(counters_.tun_read_bytes.value(), 3 * (kTunHeaderBytes + 28) + 11);
  EXPECT_EQ(counters_.tun_read_segments.value(), 0);  // core's to count
}

TEST_P(BackendReceiveTest, ReadsTheLargestPacketWhole) {
  SetMtu(tun_name(), 65535);
  const std::string payload(65507, 'x');
  SendIntoTun(payload);
  EXPECT_EQ(ReadTunPayloads(1), std::vector<std::string>{payload});
}

TEST_P(BackendReceiveTest, LeavesHeadRoomBeforeEveryFrameAndDatagram) {
  const Remote remote("127.0.0.1");
  for (size_t round = 0; round < 3; ++round) {
    for (size_t i = 0; i < 3; ++i) {
      SendIntoTun(Numbered(i));
      remote.Send(V4(), Numbered(i));
    }
    size_t frames = 0;
    size_t runs = 0;
    while (frames < 3 || runs < 3) {
      ASSERT_TRUE(backend_->Wait().ok());
      for (const TunFrame& frame : backend_->tun_batch()) {
        std::fill_n(frame.bytes.data() - kHeadRoomBytes, kHeadRoomBytes, 0xee);
        ++frames;
      }
      for (const ReceivedRun& received : backend_->udp_batch()) {
        std::fill_n(received.run.data - kHeadRoomBytes, kHeadRoomBytes, 0xee);
      }
      for (const ReceivedRun& received : backend_->udp_batch()) {
        EXPECT_EQ(std::string(reinterpret_cast<const char*>(received.run.data),
                              received.run.segment_bytes),
                  Numbered(runs++));
      }
      backend_->Release();
    }
  }
}

TEST_P(BackendReceiveTest, ReportsSourceContactedAddressAndTosOverIpv4) {
  SetAddressV4("lo:1", "10.9.9.9", "255.255.255.255");
  const Remote remote("127.0.0.1");
  remote.Send(At("10.9.9.9", port()), "hello", 0, kEcnMarked);
  const Received received = ReceiveRuns(1)[0];
  EXPECT_EQ(received.payload, "hello");
  EXPECT_EQ(received.segments, 1);
  EXPECT_EQ(received.from.remote, remote.address());
  EXPECT_EQ(received.from.local, At("10.9.9.9", 0).address);
  EXPECT_EQ(received.from.local_interface, 1);  // loopback is the first of every namespace
  EXPECT_EQ(received.tos, kEcnMarked);
  EXPECT_FALSE(received.truncated);
  EXPECT_EQ(counters_.udp_receive_runs.value(), 1);
  EXPECT_EQ(counters_.udp_receive_segments.value(), 1);
  EXPECT_EQ(counters_.udp_receive_bytes.value(), 5);
}

TEST_P(BackendReceiveTest, ReportsSourceContactedAddressAndTosOverIpv6) {
  AddAddressV6("lo", "fd00::9", 128);
  const Remote remote("::1");
  remote.Send(At("fd00::9", port()), "hello", 0, kEcnMarked);
  const Received received = ReceiveRuns(1)[0];
  EXPECT_EQ(received.payload, "hello");
  EXPECT_EQ(received.from.remote, remote.address());
  EXPECT_EQ(received.from.local, At("fd00::9", 0).address);
  EXPECT_EQ(received.from.local_interface, 1);
  EXPECT_EQ(received.tos, kEcnMarked);
}

TEST_P(BackendReceiveTest, KeepsTheInterfaceOfALinkLocalAddress) {
  AddAddressV6("lo", "fe80::9", 64);
  const Remote remote("::1");
  SocketAddress to = At("fe80::9", port());
  to.scope_id = 1;  // loopback is the first interface of every namespace
  remote.Send(to, "hello");
  const Received received = ReceiveRuns(1)[0];
  EXPECT_EQ(received.from.local, to.address);
  EXPECT_EQ(received.from.local_interface, 1);
}

TEST_P(BackendReceiveTest, TakesAGroTrainAsOneRunWithAShortLastSegment) {
  const Remote remote("127.0.0.1");
  // Into a slot that a message with fewer control messages had before.
  remote.Send(V4(), "plain");
  EXPECT_EQ(ReceiveRuns(1)[0].segments, 1);
  const std::string train = std::string(1000, 'a') + std::string(1000, 'b') + std::string(10, 'c');
  remote.Send(V4(), train, 1000, kEcnMarked);
  const Received received = ReceiveRuns(1)[0];
  EXPECT_EQ(received.payload, train);
  EXPECT_EQ(received.segments, 3);
  EXPECT_EQ(received.segment_bytes, 1000);
  EXPECT_EQ(received.tos, kEcnMarked);
  EXPECT_EQ(counters_.udp_receive_runs.value(), 2);
  EXPECT_EQ(counters_.udp_receive_segments.value(), 4);
}

TEST_P(BackendReceiveTest, TakesTheLongestTrain) {
  const Remote remote("127.0.0.1");
  const std::string train(size_t{45} * 1452, 'x');
  remote.Send(V4(), train, 1452);
  const Received received = ReceiveRuns(1)[0];
  EXPECT_EQ(received.payload.size(), train.size());
  EXPECT_EQ(received.segments, 45);
  EXPECT_FALSE(received.truncated);
}

TEST_P(BackendReceiveTest, DeliversAnEmptyDatagram) {
  const Remote remote("127.0.0.1");
  remote.Send(V4(), "");
  const Received received = ReceiveRuns(1)[0];
  EXPECT_EQ(received.payload, "");
  EXPECT_EQ(received.segments, 1);
  EXPECT_EQ(received.from.remote, remote.address());
}

TEST_P(BackendReceiveTest, FlagsADatagramLongerThanTheBufferAndContinues) {
  StartBackend(100);
  const Remote remote("127.0.0.1");
  remote.Send(V4(), std::string(101, 'x'));
  remote.Send(V4(), std::string(100, 'y'));
  const std::vector<Received> received = ReceiveRuns(2);
  EXPECT_TRUE(received[0].truncated);
  EXPECT_EQ(received[0].payload, std::string(100, 'x'));
  EXPECT_FALSE(received[1].truncated);
  EXPECT_EQ(received[1].payload, std::string(100, 'y'));
}

TEST_P(BackendReceiveTest, SurvivesFarMorePacketsThanSlots) {
  constexpr size_t kPackets = 500;
  const Remote remote("127.0.0.1");
  for (size_t i = 0; i < kPackets; ++i) {
    remote.Send(V4(), Numbered(i));
    SendIntoTun(Numbered(i));
  }
  std::vector<std::string> expected;
  for (size_t i = 0; i < kPackets; ++i) expected.push_back(Numbered(i));

  std::vector<std::string> datagrams;
  std::vector<std::string> frames;
  while (datagrams.size() < kPackets || frames.size() < kPackets) {
    ASSERT_TRUE(backend_->Wait().ok());
    for (const ReceivedRun& received : backend_->udp_batch()) {
      datagrams.emplace_back(reinterpret_cast<const char*>(received.run.data),
                             received.run.PayloadBytes());
    }
    for (const TunFrame& frame : backend_->tun_batch()) {
      const auto payload = frame.bytes.subspan(kTunHeaderBytes + 28);
      frames.emplace_back(payload.begin(), payload.end());
    }
    backend_->Release();
  }
  EXPECT_EQ(datagrams, expected);
  EXPECT_EQ(frames, expected);

  remote.Send(V4(), "after the flood");
  EXPECT_EQ(ReceiveRuns(1)[0].payload, "after the flood");
  SendIntoTun("after the flood");
  EXPECT_EQ(ReadTunPayloads(1)[0], "after the flood");
}

TEST_P(BackendReceiveTest, AFloodOnOneSocketDoesNotShutOutTheOther) {
  const Remote flood("127.0.0.1");
  const Remote quiet("::1");
  for (size_t i = 0; i < 400; ++i) flood.Send(V4(), Numbered(i));
  quiet.Send(V6(), "me too");
  bool quiet_seen = false;
  for (size_t batch = 0; batch < 3 && !quiet_seen; ++batch) {
    for (const Received& received : ReceiveRuns(1)) {
      quiet_seen = quiet_seen || received.payload == "me too";
    }
  }
  EXPECT_TRUE(quiet_seen);
}

TEST_P(BackendReceiveTest, KeepsReusedSlotsApartOverManyRounds) {
  const Remote remote("127.0.0.1");
  for (size_t round = 0; round < 300; ++round) {
    const std::string payload(1 + (round * 37) % 1400, static_cast<char>('a' + round % 26));
    remote.Send(V4(), payload);
    ASSERT_EQ(ReceiveRuns(1)[0].payload, payload) << "round " << round;
    SendIntoTun(payload);
    ASSERT_EQ(ReadTunPayloads(1)[0], payload) << "round " << round;
  }
}

TEST_P(BackendReceiveTest, NoKernelThreadTakesOverARequest) {
  const Remote remote("127.0.0.1");
  for (size_t i = 0; i < 300; ++i) {
    remote.Send(V4(), Numbered(i));
    SendIntoTun(Numbered(i));
    Send("x", 0, ToRemote(remote.address()));
    ReceiveRuns(1);
  }
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::ifstream(task.path() / "comm") >> name;
    EXPECT_NE(name.substr(0, 7), "iou-wrk");
  }
}

TEST_P(BackendReceiveTest, FlushLeavesABatchInHandAloneAndTheNextWaitBringsTheRest) {
  const Remote remote("127.0.0.1");
  remote.Send(V4(), "first");
  while (backend_->udp_batch().empty()) {
    backend_->Release();
    ASSERT_TRUE(backend_->Wait().ok());
  }
  remote.Send(V4(), "second");
  ASSERT_TRUE(backend_->Flush().ok());
  ASSERT_EQ(backend_->udp_batch().size(), 1);
  const ringwire::Run& run = backend_->udp_batch()[0].run;
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(run.data), run.PayloadBytes()), "first");
  backend_->Release();
  EXPECT_EQ(ReceiveRuns(1)[0].payload, "second");
}

TEST_P(BackendReceiveTest, FlushWithoutABatchReturnsArrivedInput) {
  const Remote remote("127.0.0.1");
  ASSERT_TRUE(backend_->Flush().ok());
  backend_->Release();
  remote.Send(V4(), "here");
  ASSERT_TRUE(backend_->Flush().ok());
  EXPECT_EQ(backend_->udp_batch().size(), 1);
  backend_->Release();
}

TEST_P(BackendReceiveTest, FramesThatWerePutOffComeAgainFirstWhileDatagramsAreReceived) {
  for (const char* payload : {"one", "two", "three"}) SendIntoTun(payload);
  ASSERT_TRUE(backend_->Wait().ok());
  while (backend_->tun_batch().size() < 3) {
    backend_->ReleaseBut(backend_->tun_batch().size());
    ASSERT_TRUE(backend_->Wait().ok());
  }
  backend_->ReleaseBut(2);
  ASSERT_TRUE(backend_->Wait().ok());  // there is no other input: it must not block
  ASSERT_GE(backend_->tun_batch().size(), 2);

  const Remote remote("127.0.0.1");
  remote.Send(V4(), "datagram");
  SendIntoTun("four");
  backend_->ReleaseBut(2);
  while (backend_->udp_batch().empty()) {
    ASSERT_TRUE(backend_->Wait().ok());
    if (backend_->udp_batch().empty()) backend_->ReleaseBut(backend_->tun_batch().size());
  }
  EXPECT_EQ(ReadTunPayloads(3), (std::vector<std::string>{"two", "three", "four"}));
}

TEST_P(BackendReceiveTest, AnErrorReportedOnTheSocketDoesNotStopIt) {
  const int on = 1;
  ASSERT_EQ(::setsockopt(sockets().v4.get(), IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
  uint16_t closed_port = 0;
  {
    const Remote gone("127.0.0.1");
    closed_port = gone.address().port;
  }
  ASSERT_TRUE(backend_->Flush().ok());
  Send("anyone there?", 0, ToRemote(At("127.0.0.1", closed_port)));
  ASSERT_TRUE(backend_->Flush().ok());  // ICMP says no, and the socket reports it
  backend_->Release();
  const Remote remote("127.0.0.1");
  remote.Send(V4(), "I am");
  EXPECT_EQ(ReceiveRuns(1)[0].payload, "I am");
}

TEST_P(BackendReceiveTest, WakeEndsAWaitThatHasBegun) {
  std::thread waker([this] { backend_->Wake(); });
  // Whichever comes first, the wake or the wait; packets of the kernel's own may end a wait as
  // well.
  EXPECT_TRUE(backend_->Wait().ok());
  backend_->Release();
  waker.join();
}

TEST_P(BackendReceiveTest, WakeBeforeWaitIsNotLost) {
  backend_->Wake();
  EXPECT_TRUE(backend_->Wait().ok());
}

TEST_P(BackendReceiveTest, WakeThatAFlushSawStillEndsTheNextWait) {
  ASSERT_TRUE(backend_->Flush().ok());
  backend_->Wake();
  ASSERT_TRUE(backend_->Flush().ok());
  backend_->Release();
  EXPECT_TRUE(backend_->Wait().ok());
}

TEST_P(BackendReceiveTest, EndsWithAnErrorWhenTheDeviceIsDeleted) {
  ASSERT_TRUE(backend_->Flush().ok());
  backend_->Release();
  DeleteLink(tun_name());
  absl::Status status;
  // A few packets may still have been under way.
  for (int i = 0; i < 10 && status.ok(); ++i) {
    status = backend_->Wait();
    backend_->Release();
  }
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find("TUN"), absl::string_view::npos) << status;
}

}  // namespace
}  // namespace ringwire::platform
