#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <string>
#include <vector>

#include "tests/unit/platform/io/backend_fixture.h"

// Every rung of the ladder, taken down by an error at run time: each packet still arrives, exactly
// once, or is counted as lost, and the ladder says what happened.
namespace ringwire::platform {
namespace {

// Lets some operations of one kind fail.
class Faults final : public IoFaults {
 public:
  Faults(IoOperation operation, int error, size_t first, size_t times = 1)
      : operation_(operation), error_(error), first_(first), end_(first + times) {}
  int Next(IoOperation operation) override {
    if (operation != operation_) return 0;
    const size_t index = asked_++;
    return index >= first_ && index < end_ ? error_ : 0;
  }
  size_t asked() const { return asked_; }

 private:
  const IoOperation operation_;
  const int error_;
  const size_t first_, end_;
  size_t asked_ = 0;
};

constexpr std::array kErrors{EIO, EINVAL, EMSGSIZE, ENOBUFS};

std::string Numbered(size_t i) { return "packet " + std::to_string(i); }

class BackendFaultTest : public BackendTest {
 protected:
  RungState StateOf(Offload offload) const { return ladder_->Read(offload).state; }
  bool Multishot() const { return std::string(GetParam().name) == "IoUring"; }
  // Whether TUN may hand over TCP superpackets.
  bool TunHasTso() const {
    ethtool_value value{ETHTOOL_GTSO, 0};
    ifreq request{};
    tun_name().copy(request.ifr_name, IFNAMSIZ - 1);
    request.ifr_data = reinterpret_cast<char*>(&value);
    EXPECT_EQ(::ioctl(host_sender_->fd(), SIOCETHTOOL, &request), 0);
    return value.data != 0;
  }
  void WriteSuperpacket(uint16_t port, size_t segments, uint8_t seed);
  // A backend that meets them.
  Faults& StartWith(const Faults& faults) { return StartWith(faults, GetParam().offloads); }
  Faults& StartWith(const Faults& faults, const char* offloads) {
    Faults& kept = faults_.emplace_back(faults);
    StartBackend(offloads, &kept);
    return kept;
  }

 private:
  std::deque<Faults> faults_;  // longer than the backend
};

INSTANTIATE_TEST_SUITE_P(Every, BackendFaultTest, testing::Values(kIoUring, kIoUringPolled, kEpoll),
                         BackendName);

std::vector<std::string> ReceiveAll(const Remote& remote, size_t count) {
  std::vector<std::string> all;
  for (size_t i = 0; i < count; ++i) all.push_back(remote.Receive().payload);
  EXPECT_TRUE(remote.IsQuiet());
  std::ranges::sort(all);
  return all;
}

TEST_P(BackendFaultTest, ARefusedTrainArrivesAllTheSame) {
  for (const int error : kErrors) {
    StartWith({IoOperation::kUdpSend, error, 2});
    const Remote remote("127.0.0.1");
    const uint64_t before = counters_.udp_send_segments.value();
    std::vector<std::string> expected;
    for (char c = 'a'; c < 'f'; ++c) {
      Send(std::string(10, c) + std::string(10, c) + std::string(4, c), 10,
           ToRemote(remote.address()));
      expected.insert(expected.end(), {std::string(4, c), std::string(10, c), std::string(10, c)});
    }
    ASSERT_TRUE(backend_->Flush().ok());
    EXPECT_EQ(ReceiveAll(remote, 15), expected) << error;
    EXPECT_EQ(counters_.udp_send_segments.value() - before, 15) << error;
    EXPECT_EQ(StateOf(Offload::kUdpGso), error == EIO ? RungState::kFell : RungState::kOn);
  }
  EXPECT_EQ(warnings_.size(), kErrors.size());  // one line for each error
  EXPECT_EQ(counters_.trains_repeated.value(), kErrors.size());
  EXPECT_EQ(counters_.Dropped(DropReason::kSendFailed), 0);
  EXPECT_EQ(counters_.Dropped(DropReason::kSendBufferFull), 0);
}

TEST_P(BackendFaultTest, ARefusedDatagramIsCounted) {
  StartWith({IoOperation::kUdpSend, EIO, 1});
  const Remote remote("127.0.0.1");
  for (size_t i = 0; i < 3; ++i) Send(Numbered(i), 0, ToRemote(remote.address()));
  ASSERT_TRUE(backend_->Flush().ok());
  EXPECT_EQ(ReceiveAll(remote, 2), (std::vector<std::string>{Numbered(0), Numbered(2)}));
  EXPECT_EQ(counters_.Dropped(DropReason::kSendFailed), 1);
  EXPECT_EQ(counters_.udp_send_segments.value(), 2);
  EXPECT_EQ(StateOf(Offload::kUdpGso), RungState::kOn);
}

TEST_P(BackendFaultTest, OnceTrainsHaveFallenNoneIsSent) {
  const Faults& faults = StartWith({IoOperation::kUdpSend, EIO, 0});
  const Remote remote("127.0.0.1");
  for (int i = 0; i < 2; ++i) {
    Send("traintrai", 5, ToRemote(remote.address()));
    ASSERT_TRUE(backend_->Flush().ok());
    EXPECT_EQ(ReceiveAll(remote, 2), (std::vector<std::string>{"trai", "train"}));
  }
  EXPECT_EQ(faults.asked(), 1 + 2);  // the second train was two datagrams from the start
  EXPECT_EQ(counters_.trains_repeated.value(), 1);
  EXPECT_EQ(ladder_->Read(Offload::kUdpGso).falls, 1);
}

void BackendFaultTest::WriteSuperpacket(uint16_t port, size_t segments, uint8_t seed) {
  PacketSpec spec;
  spec.source = TestAddress(IpFamily::kV4, 2);
  spec.destination = TestAddress(IpFamily::kV4, 1);
  spec.destination_port = port;
  spec.payload_bytes = segments * 100;
  spec.payload_seed = seed;
  Bytes& frame = written_.emplace_back(BuildSuperpacket(spec));
  const VnetHeader vnet{VnetHeader::kNeedsChecksum, VnetHeader::kGsoUdpL4, 28, 100, 20, 6};
  frame.insert(frame.begin(), kTunHeaderBytes, 0);
  vnet.Store(std::span<uint8_t, kTunHeaderBytes>(frame.data(), kTunHeaderBytes));
  const Piece piece{frame.data(), static_cast<uint32_t>(frame.size())};
  const TunWrite write{0, 1, static_cast<uint32_t>(segments), piece.size};
  backend_->WriteTun({{&write, 1}, {&piece, 1}});
}

TEST_P(BackendFaultTest, ARefusedSuperpacketIsWrittenAsItsPacketsOrCounted) {
  for (const int error : kErrors) {
    StartWith({IoOperation::kTunWrite, error, 1});
    const Remote host("10.0.0.1");
    for (uint8_t i = 0; i < 3; ++i) WriteSuperpacket(host.address().port, 4, i);
    const uint64_t lost_before = counters_.Dropped(DropReason::kTunWriteFailed);
    ASSERT_TRUE(backend_->Flush().ok());
    const uint64_t lost = counters_.Dropped(DropReason::kTunWriteFailed) - lost_before;
    EXPECT_EQ(lost, error == EIO ? 4 : 0);  // EIO: the device is down
    EXPECT_EQ(ReceiveAll(host, 12 - lost).size(), 12 - lost);
    const bool invalid = error == EINVAL || error == EMSGSIZE;
    EXPECT_EQ(StateOf(Offload::kTunGsoWrite), invalid ? RungState::kFell : RungState::kOn) << error;
  }
  EXPECT_EQ(counters_.tun_write_segments.value(), 4 * 12 - 4);
  EXPECT_EQ(warnings_.size(), 2);
}

TEST_P(BackendFaultTest, AReadThatIsRefusedOnceLosesNothing) {
  for (const int error : kErrors) {
    StartWith({IoOperation::kTunRead, error, 0});
    for (size_t i = 0; i < 5; ++i) SendIntoTun(Numbered(i));
    const std::vector<std::string> read = ReadTunPayloads(5);
    ASSERT_EQ(read.size(), 5);
    for (size_t i = 0; i < 5; ++i) EXPECT_EQ(read[i], Numbered(i));
    const Offload blamed = Multishot() ? Offload::kMultishotRead : Offload::kUso;
    EXPECT_EQ(StateOf(blamed), error == ENOBUFS ? RungState::kOn : RungState::kFell) << error;
    EXPECT_EQ(StateOf(Offload::kTso), RungState::kOn);
  }
  EXPECT_EQ(warnings_.size(), 3);
}

TEST_P(BackendFaultTest, ReadsStepDownOneByOneAndThenTheDeviceIsGone) {
  ASSERT_TRUE(SetTunOffloads(tun_->queues[0].get(), true, true).ok());
  ASSERT_TRUE(TunHasTso());
  const size_t steps = Multishot() ? 3 : 2;
  StartWith({IoOperation::kTunRead, EINVAL, 0, steps});
  SendIntoTun("still there");
  EXPECT_EQ(ReadTunPayloads(1), std::vector<std::string>{"still there"});
  EXPECT_EQ(StateOf(Offload::kUso), RungState::kFell);
  EXPECT_EQ(StateOf(Offload::kTso), RungState::kFell);
  EXPECT_EQ(StateOf(Offload::kMultishotRead),
            Multishot() ? RungState::kFell : ladder_->Read(Offload::kMultishotRead).state);
  EXPECT_FALSE(TunHasTso());
  EXPECT_EQ(counters_.Dropped(DropReason::kTunReadFailed), 2);
  EXPECT_EQ(warnings_.size(), steps);

  StartWith({IoOperation::kTunRead, EINVAL, 0, steps + 1});
  SendIntoTun("nobody reads this");
  absl::Status status;
  while (status.ok()) status = backend_->Wait();
  EXPECT_NE(status.message().find("read the TUN queue"), absl::string_view::npos) << status;
}

TEST_P(BackendFaultTest, ADeviceThatWasDeletedIsNoOffloadsFault) {
  StartWith({IoOperation::kTunRead, EIO, 0, 1000});
  DeleteLink(tun_name());
  absl::Status status;
  while (status.ok()) status = backend_->Wait();
  EXPECT_NE(status.message().find("the device is gone"), absl::string_view::npos) << status;
  EXPECT_TRUE(warnings_.empty()) << warnings_.front();
}

TEST_P(BackendFaultTest, AReceiveThatIsRefusedOnceLosesNothing) {
  for (const int error : kErrors) {
    StartWith({IoOperation::kUdpReceive, error, 0});
    const Remote remote("127.0.0.1");
    const Remote six("::1");
    remote.Send(V4(), "before");
    six.Send(V6(), "six");
    std::vector<std::string> payloads;
    for (const Received& received : ReceiveRuns(2)) payloads.push_back(received.payload);
    std::ranges::sort(payloads);
    EXPECT_EQ(payloads, (std::vector<std::string>{"before", "six"}));
    const Offload blamed = Multishot() ? Offload::kMultishotRecvmsg : Offload::kUdpGro;
    EXPECT_EQ(StateOf(blamed), error == ENOBUFS ? RungState::kOn : RungState::kFell) << error;
    remote.Send(V4(), "after");
    EXPECT_EQ(ReceiveRuns(1)[0].payload, "after");
  }
  EXPECT_EQ(warnings_.size(), 3);
}

TEST_P(BackendFaultTest, OnceTrainsInHaveFallenDatagramsArriveOneByOne) {
  StartWith({IoOperation::kUdpReceive, EINVAL, 0, Multishot() ? size_t{2} : size_t{1}});
  const Remote remote("127.0.0.1");
  const Remote six("::1");
  remote.Send(V4(), "wakes it");
  EXPECT_EQ(ReceiveRuns(1)[0].payload, "wakes it");
  if (Multishot()) {  // both sockets were refused at once, and now what took its place is
    StartWith({IoOperation::kUdpReceive, EINVAL, 2, 1}, "-multishot-recvmsg");
    for (int i = 0; i < 3; ++i) {
      remote.Send(V4(), "wakes it");
      EXPECT_EQ(ReceiveRuns(1)[0].payload, "wakes it");
    }
  }
  EXPECT_EQ(StateOf(Offload::kUdpGro), RungState::kFell);
  for (const auto& [sender, to] : {std::pair(&remote, V4()), std::pair(&six, V6())}) {
    sender->Send(to, "traintrai", 5);
    const std::vector<Received> received = ReceiveRuns(2);
    EXPECT_EQ(received[0].payload, "train");
    EXPECT_EQ(received[1].payload, "trai");
  }
}

TEST_P(BackendFaultTest, ATrainThatNoBufferHoldsEndsTrains) {
  StartBackend(100);
  const Remote remote("127.0.0.1");
  remote.Send(V4(), std::string(150, 'a'), 60);
  EXPECT_TRUE(ReceiveRuns(1)[0].truncated);
  EXPECT_EQ(StateOf(Offload::kUdpGro), RungState::kFell);
  remote.Send(V4(), std::string(150, 'a'), 60);
  for (const Received& received : ReceiveRuns(3)) EXPECT_FALSE(received.truncated);
}

using MultishotFaultTest = BackendFaultTest;

INSTANTIATE_TEST_SUITE_P(Only, MultishotFaultTest, testing::Values(kIoUring), BackendName);

TEST_P(MultishotFaultTest, AMultishotThatFindsNoBufferWhereThereAreSomeIsGivenUp) {
  const Remote remote("127.0.0.1");
  StartWith({IoOperation::kTunRead, ENOBUFS, 0, 20}, "-multishot-recvmsg");
  SendIntoTun("packet");
  EXPECT_EQ(ReadTunPayloads(1), std::vector<std::string>{"packet"});
  EXPECT_EQ(StateOf(Offload::kMultishotRead), RungState::kFell);
  EXPECT_EQ(ladder_->Read(Offload::kMultishotRead).why, "No buffer space available");

  StartWith({IoOperation::kUdpReceive, ENOBUFS, 0, 20}, "-multishot-read");
  remote.Send(V4(), "datagram");
  EXPECT_EQ(ReceiveRuns(1)[0].payload, "datagram");
  EXPECT_EQ(StateOf(Offload::kMultishotRecvmsg), RungState::kFell);
}

TEST_P(MultishotFaultTest, AMultishotThatHasWorkedIsNotTheFirstToBeBlamed) {
  // One arming for each socket; the third follows a flood that took all buffers.
  StartWith({IoOperation::kUdpReceive, EINVAL, 2});
  ASSERT_TRUE(backend_->Flush().ok());
  const Remote remote("127.0.0.1");
  for (size_t i = 0; i < 200; ++i) remote.Send(V4(), Numbered(i));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(backend_->Flush().ok());  // no slot is given back
  const std::vector<Received> received = ReceiveRuns(200);
  ASSERT_EQ(received.size(), 200);
  for (size_t i = 0; i < 200; ++i) EXPECT_EQ(received[i].payload, Numbered(i));
  EXPECT_EQ(StateOf(Offload::kUdpGro), RungState::kFell);
  EXPECT_EQ(StateOf(Offload::kMultishotRecvmsg), RungState::kOn);
}

TEST_P(BackendFaultTest, NewSocketsSendTrainsAgain) {
  StartWith({IoOperation::kUdpSend, EIO, 0});
  const Remote remote("127.0.0.1");
  Send("traintrai", 5, ToRemote(remote.address()));
  ASSERT_TRUE(backend_->Flush().ok());
  EXPECT_EQ(StateOf(Offload::kUdpGso), RungState::kFell);
  const UdpSocketGroup old = std::move(group_);
  OpenSockets();
  ASSERT_TRUE(backend_->ReplaceSockets(sockets().v4.get(), sockets().v6.get()).ok());
  EXPECT_EQ(StateOf(Offload::kUdpGso), RungState::kOn);
  Send("traintrai", 5, ToRemote(remote.address()));
  ASSERT_TRUE(backend_->Flush().ok());
  EXPECT_EQ(ReceiveAll(remote, 4).size(), 4);
  EXPECT_EQ(counters_.udp_send_runs.value(), 2 + 1);
}

}  // namespace
}  // namespace ringwire::platform
