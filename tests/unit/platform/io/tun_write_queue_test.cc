#include "platform/io/tun_write_queue.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "platform/base/unique_fd.h"
#include "tests/support/packet_builder.h"

namespace ringwire::platform {
namespace {

// A queue whose TUN device is a datagram socket, so that a test reads back each write as one
// message.
class TunWriteQueueTest : public testing::Test {
 protected:
  TunWriteQueueTest() {
    int fds[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
    device_ = UniqueFd(fds[0]);
    far_ = UniqueFd(fds[1]);
    queue_ = std::make_unique<TunWriteQueue>(device_.get(), &counters_, &ladder_);
  }

  // Queues what a batch of these packets becomes; returns how many writes that is.
  size_t Push(const std::vector<Bytes>& packets) {
    buffers_.clear();
    coalescer_.Reset();
    for (const Bytes& packet : packets) {
      Bytes& buffer = buffers_.emplace_back(64);
      buffer.insert(buffer.end(), packet.begin(), packet.end());
      EXPECT_TRUE(coalescer_.Add(std::span(buffer).subspan(64)));
    }
    const std::span<const TunWrite> writes = coalescer_.Finish();
    for (const TunWrite& write : writes) queue_->Push(write, coalescer_.Pieces(write));
    return writes.size();
  }

  std::vector<Bytes> WrittenPackets() {
    std::vector<Bytes> packets;
    Bytes message(70'000);
    for (ssize_t size; (size = ::recv(far_.get(), message.data(), message.size(), 0)) > 0;) {
      EXPECT_TRUE(std::all_of(message.begin(), message.begin() + kVnetHeaderBytes,
                              [](uint8_t b) { return b == 0; }));
      packets.emplace_back(message.begin() + kVnetHeaderBytes, message.begin() + size);
    }
    return packets;
  }

  static std::vector<Bytes> TcpFlow(size_t count) {
    PacketSpec spec{.kind = PacketKind::kTcp, .payload_bytes = 1000};
    std::vector<Bytes> packets;
    for (size_t i = 0; i < count; ++i) {
      spec.ip_id = static_cast<uint16_t>(spec.ip_id + 1);
      packets.push_back(BuildPacket(spec));
      spec.sequence += 1000;
    }
    return packets;
  }

  WorkerCounters counters_;
  CapabilityLadder ladder_{OffloadSwitches(), [](const std::string&) {}};
  UniqueFd device_, far_;
  std::unique_ptr<TunWriteQueue> queue_;
  Coalescer coalescer_{true, true};
  std::vector<Bytes> buffers_;
};

TEST_F(TunWriteQueueTest, Rule24ARefusedSuperpacketIsWrittenAsItsPacketsAndNoMoreAreMade) {
  const std::vector<Bytes> packets = TcpFlow(40);
  ASSERT_EQ(Push(packets), 1);
  EXPECT_TRUE(ladder_.IsOn(Offload::kTunGsoWrite));
  queue_->Recover(0, EINVAL);
  queue_->Finish();
  EXPECT_EQ(WrittenPackets(), packets);
  EXPECT_EQ(ladder_.Read(Offload::kTunGsoWrite).state, RungState::kFell);
  EXPECT_EQ(counters_.superpackets_refused.value(), 1);
  EXPECT_EQ(counters_.tun_write_segments.value(), 40);
  EXPECT_EQ(counters_.Dropped(DropReason::kTunWriteFailed), 0);
}

TEST_F(TunWriteQueueTest, AShortageWritesSinglePacketsAndLowersNoRung) {
  const std::vector<Bytes> packets = TcpFlow(5);
  for (const int error : {ENOBUFS, ENOMEM, EAGAIN}) {
    ASSERT_EQ(Push(packets), 1);
    queue_->Recover(0, error);
    queue_->Finish();
    EXPECT_EQ(WrittenPackets(), packets);
  }
  EXPECT_TRUE(ladder_.IsOn(Offload::kTunGsoWrite));
  EXPECT_EQ(counters_.tun_write_segments.value(), 15);
}

TEST_F(TunWriteQueueTest, CountsPacketsThatFailSinglyToo) {
  ASSERT_EQ(Push(TcpFlow(5)), 1);
  far_.Reset();
  queue_->Recover(0, EINVAL);
  queue_->Finish();
  EXPECT_EQ(counters_.Dropped(DropReason::kTunWriteFailed), 5);
  EXPECT_EQ(counters_.tun_write_segments.value(), 0);
}

TEST_F(TunWriteQueueTest, ADeviceThatIsDownDropsTheWholeWriteAndLowersNoRung) {
  ASSERT_EQ(Push(TcpFlow(5)), 1);
  queue_->Recover(0, EIO);
  queue_->Finish();
  EXPECT_TRUE(WrittenPackets().empty());
  EXPECT_EQ(counters_.Dropped(DropReason::kTunWriteFailed), 5);
  EXPECT_TRUE(ladder_.IsOn(Offload::kTunGsoWrite));
}

TEST_F(TunWriteQueueTest, AnInvalidSinglePacketIsCountedAndLowersNoRung) {
  ASSERT_EQ(Push({BuildPacket({.payload_bytes = 10})}), 1);
  queue_->Recover(0, EINVAL);
  queue_->Finish();
  EXPECT_EQ(counters_.Dropped(DropReason::kTunWriteFailed), 1);
  EXPECT_TRUE(ladder_.IsOn(Offload::kTunGsoWrite));
}

}  // namespace
}  // namespace ringwire::platform
