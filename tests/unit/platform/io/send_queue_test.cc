#include "platform/io/send_queue.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "platform/io/queueing_backend.h"
#include "platform/udp/udp_socket.h"
#include "tests/unit/platform/io/remote.h"

namespace ringwire::platform {
namespace {

SendRun TrainOf(std::string* bytes, size_t segment_bytes, const SocketAddress& to) {
  Endpoint endpoint;
  endpoint.remote = to;
  auto* const data = reinterpret_cast<uint8_t*>(bytes->data());
  return {ringwire::Run::Train({data, bytes->size()}, segment_bytes), endpoint, 0, PeerId{1, 1}};
}

class SendQueueTest : public testing::Test {
 protected:
  SendQueueTest() : queue_(&counters_, &ladder_), socket_("127.0.0.1"), remote_("127.0.0.1") {
    queue_.SetSockets(socket_.fd(), -1);
  }

  void FailTrain(int error) {
    bytes_ = "traintrai";
    queue_.Push(TrainOf(&bytes_, 5, remote_.address()));
    queue_.Recover(0, error);
    queue_.Finish();
  }

  bool MustSplit(std::string bytes, size_t segment_bytes, const SocketAddress& to) {
    return queue_.MustSplit(TrainOf(&bytes, segment_bytes, to));
  }

  WorkerCounters counters_;
  std::vector<std::string> warnings_;
  CapabilityLadder ladder_{OffloadSwitches(),
                           [this](const std::string& line) { warnings_.push_back(line); }};
  SendQueue queue_;
  Remote socket_;
  Remote remote_;
  std::string bytes_;
};

TEST_F(SendQueueTest, EioRepeatsTheTrainInPiecesAndDisablesTrainsForTheSocket) {
  FailTrain(EIO);
  EXPECT_EQ(remote_.Receive().payload, "train");
  EXPECT_EQ(remote_.Receive().payload, "trai");
  EXPECT_TRUE(remote_.IsQuiet());
  EXPECT_TRUE(queue_.gso_disabled(IpFamily::kV4));
  EXPECT_EQ(ladder_.Read(Offload::kUdpGso).state, RungState::kFell);
  EXPECT_FALSE(queue_.gso_disabled(IpFamily::kV6));
  EXPECT_EQ(counters_.udp_send_runs.value(), 2);
  EXPECT_EQ(counters_.udp_send_segments.value(), 2);
  EXPECT_EQ(counters_.udp_send_bytes.value(), 9);

  queue_.SetSockets(socket_.fd(), -1);
  EXPECT_FALSE(queue_.gso_disabled(IpFamily::kV4));
  EXPECT_TRUE(ladder_.IsOn(Offload::kUdpGso));
}

TEST_F(SendQueueTest, OtherErrorsOfATrainRepeatItInPiecesButDisableNothing) {
  for (const int error : {EMSGSIZE, EINVAL, ENOBUFS}) {
    FailTrain(error);
    EXPECT_EQ(remote_.Receive().payload, "train");
    EXPECT_EQ(remote_.Receive().payload, "trai");
    EXPECT_FALSE(queue_.gso_disabled(IpFamily::kV4));
  }
  EXPECT_EQ(counters_.source_address_retries.value(), 0);
  EXPECT_EQ(counters_.trains_repeated.value(), 3);
  EXPECT_TRUE(ladder_.IsOn(Offload::kUdpGso));
  EXPECT_EQ(ladder_.Read(Offload::kUdpGso).falls, 3);
  EXPECT_EQ(warnings_.size(), 3);
}

TEST_F(SendQueueTest, APathThatRefusesATrainForItsSizeGetsNoFurtherOnesOfIt) {
  for (const int error : {EMSGSIZE, EINVAL}) {
    queue_.SetSockets(socket_.fd(), -1);
    EXPECT_FALSE(MustSplit("traintrai", 5, remote_.address()));
    FailTrain(error);
    EXPECT_TRUE(MustSplit("traintrai", 5, remote_.address()));
    EXPECT_TRUE(MustSplit("longerlong", 6, remote_.address()));
    EXPECT_FALSE(MustSplit("shorshor", 4, remote_.address()));
    EXPECT_FALSE(MustSplit("traintrai", 5, socket_.address()));  // the peer has moved
    EXPECT_FALSE(queue_.gso_disabled(IpFamily::kV4));
  }
}

TEST_F(SendQueueTest, ARefusedPathIsTriedAgainNowAndThen) {
  FailTrain(EMSGSIZE);
  size_t split = 0;
  while (MustSplit("traintrai", 5, remote_.address())) ++split;
  EXPECT_EQ(split, 1024);
  EXPECT_FALSE(MustSplit("traintrai", 5, remote_.address()));  // it went through
  FailTrain(EMSGSIZE);
  EXPECT_TRUE(MustSplit("traintrai", 5, remote_.address()));
  EXPECT_EQ(warnings_.size(), 1);
}

TEST_F(SendQueueTest, ALackOfMemoryDoesNotBlameThePath) {
  FailTrain(ENOBUFS);
  EXPECT_FALSE(MustSplit("traintrai", 5, remote_.address()));
}

TEST_F(SendQueueTest, NewSocketsForgetRefusedPaths) {
  FailTrain(EMSGSIZE);
  queue_.SetSockets(socket_.fd(), -1);
  EXPECT_FALSE(MustSplit("traintrai", 5, remote_.address()));
}

TEST_F(SendQueueTest, AFullBufferIsTriedOnceMoreAsATrain) {
  FailTrain(EAGAIN);
  EXPECT_EQ(remote_.Receive().payload, "train");
  EXPECT_EQ(remote_.Receive().payload, "trai");
  EXPECT_EQ(counters_.udp_send_runs.value(), 1);
  EXPECT_EQ(counters_.udp_send_segments.value(), 2);
  EXPECT_EQ(counters_.Dropped(DropReason::kSendBufferFull), 0);
}

TEST_F(SendQueueTest, OtherErrorsDropTheWholeTrain) {
  FailTrain(EPERM);
  EXPECT_TRUE(remote_.IsQuiet());
  EXPECT_EQ(counters_.Dropped(DropReason::kSendFailed), 2);
  EXPECT_EQ(counters_.udp_send_runs.value(), 0);
}

// Refuses every train with EIO, as a way out without checksum offload does.
class NoOffloadBackend final : public QueueingBackend {
 public:
  explicit NoOffloadBackend(const BackendOptions& options) : QueueingBackend(options) {}
  std::string_view name() const override { return "no offload"; }
  absl::Status Start() override { return absl::OkStatus(); }
  absl::Status Wait() override { return Flush(); }
  absl::Status Flush() override {
    Submit();
    return absl::OkStatus();
  }
  void Stop() override {}
  std::span<const TunFrame> tun_batch() const override { return {}; }
  std::span<const ReceivedRun> udp_batch() const override { return {}; }
  void ReleaseBut(size_t) override {}
  absl::Status ReplaceSockets(int, int) override { return absl::OkStatus(); }

  size_t trains_refused = 0;

 private:
  void Submit() override {
    for (size_t i = 0; i < sends_.size(); ++i) {
      const msghdr& message = sends_.message(i)->msg_hdr;
      if (message.msg_controllen != 0) {
        ++trains_refused;
        sends_.Recover(i, EIO);
      } else {
        ::sendmsg(sends_.fd(i), &message, SendQueue::kFlags);
      }
    }
    sends_.Finish();
  }
};

TEST(QueueingBackendTest, SendsDatagramsOnceTrainsWereRefusedForGood) {
  const Remote socket("127.0.0.1");
  const Remote remote("127.0.0.1");
  WorkerCounters counters;
  BackendOptions options;
  options.udp_v4_fd = socket.fd();
  options.counters = &counters;
  CapabilityLadder ladder(OffloadSwitches(), [](const std::string&) {});
  options.ladder = &ladder;
  NoOffloadBackend backend(options);
  EXPECT_TRUE(ladder.IsOn(Offload::kUdpGso));

  std::string bytes = "traintrai";
  const SendRun run = TrainOf(&bytes, 5, remote.address());
  for (int round = 0; round < 2; ++round) {
    backend.SendUdp({&run, 1});
    ASSERT_TRUE(backend.Flush().ok());
    EXPECT_EQ(remote.Receive().payload, "train");
    EXPECT_EQ(remote.Receive().payload, "trai");
  }
  EXPECT_FALSE(ladder.IsOn(Offload::kUdpGso));
  EXPECT_EQ(backend.trains_refused, 1);
  EXPECT_EQ(counters.udp_send_segments.value(), 4);
}

}  // namespace
}  // namespace ringwire::platform
