#include "platform/worker/worker.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/noise/keypair.h"
#include "platform/base/clock.h"
#include "platform/tun/tun_device.h"
#include "tests/unit/platform/io/backend_fixture.h"
#include "tests/unit/platform/io/network_namespace.h"
#include "tests/unit/platform/io/remote.h"

namespace ringwire::platform {
namespace {

// A peer as control publishes it, and the socket behind its endpoint.
class WorkerPeer {
 public:
  WorkerPeer(uint32_t index, SharedState* shared)
      : slot_(std::make_shared<PeerSlot>(PeerId{index, 1}, &shared->staged_pool)),
        endpoint_{remote_.address(), {}, 0} {
    slot_->endpoint = &endpoint_;
    shared->allowed_ips.Insert(Prefix::Of(inner_address(), 32), slot_.get());
    shared->allowed_ips.Commit(BootNow());
  }

  IpAddress inner_address() const {
    return IpAddress::V4(
        std::array<uint8_t, 4>{10, 0, 0, static_cast<uint8_t>(10 + slot_->id.index)});
  }
  const std::shared_ptr<PeerSlot>& slot() const { return slot_; }
  void PublishSession() {
    SessionKeys keys;
    keys.local_index = keys.remote_index = slot_->id.index;
    keys.is_initiator = true;
    session_ = std::make_unique<Keypair>(keys, slot_.get(), BootNow());
    slot_->current = session_.get();
  }
  // The counter of the next message that arrives here.
  uint64_t ReceiveCounter() const {
    const std::string message = remote_.Receive().payload;
    CHECK(message.size() > kTransportOverheadBytes);
    return LoadLe64(reinterpret_cast<const uint8_t*>(message.data()) + 8);
  }

 private:
  Remote remote_{"127.0.0.1"};
  const std::shared_ptr<PeerSlot> slot_;
  Endpoint endpoint_;
  std::unique_ptr<Keypair> session_;
};

// A worker on a real TUN device and real sockets; the test is its control thread.
class WorkerTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (const std::string obstacle = NetworkNamespace::Obstacle(); !obstacle.empty()) {
      GTEST_SKIP() << "SKIP: " << obstacle;
    }
    namespace_.emplace();
    news_ = UniqueFd(::eventfd(0, EFD_CLOEXEC));
    absl::StatusOr<TunDevice> tun = CreateTunDevice({"rwwork0", 1, false, false});
    ASSERT_TRUE(tun.ok()) << tun.status();
    DisableIpv6(tun->name);
    SetAddressV4(tun->name, "10.0.0.1", "255.255.255.0");
    SetLinkUp(tun->name, true);
    host_.emplace("10.0.0.1");
    absl::StatusOr<UdpSocketGroup> sockets = OpenUdpSockets({});
    ASSERT_TRUE(sockets.ok()) << sockets.status();
    live_.emplace(1, &shared_);
    waiting_.emplace(2, &shared_);
    shared_.device_up = true;
    StartWorker(std::move(tun->queues[0]), std::move(sockets->workers[0]));
  }
  void TearDown() override {
    if (worker_ != nullptr) worker_->Stop();
  }

  void StartWorker(UniqueFd tun_queue, UdpSockets sockets) {
    WorkerOptions options;
    options.tun_queue = std::move(tun_queue);
    options.sockets = std::move(sockets);
    options.io_uring = GetParam();
    options.ladder = &ladder_;
    options.shared = &shared_;
    options.load_sources = &load_sources_;
    options.wake_control = [this] {
      const uint64_t one = 1;
      CHECK(::write(news_.get(), &one, sizeof(one)) == sizeof(one));
    };
    worker_ = std::make_unique<Worker>(std::move(options));
    const absl::Status started = worker_->Start();
    ASSERT_TRUE(started.ok()) << started;
  }

  // The host sends a datagram to the peer, by TUN.
  void SendTo(const WorkerPeer& peer) { host_->Send({peer.inner_address(), 9, 0}, "hello"); }
  // Waits until the worker has raised an event for the peer; others are taken and forgotten.
  void AwaitEvent(const WorkerPeer& peer) {
    DataEvent event;
    for (;;) {
      while (worker_->link().events.TryPop(&event)) {
        if (event.peer == peer.slot()->id) return;
      }
      pollfd watched{news_.get(), POLLIN, 0};
      CHECK(::poll(&watched, 1, 10'000) == 1);
      uint64_t count = 0;
      CHECK(::read(news_.get(), &count, sizeof(count)) == sizeof(count));
    }
  }
  void Flush(const WorkerPeer& peer) {
    CHECK(worker_->link().commands.TryPush(FlushStaged{peer.slot()}));
    worker_->Wake();
  }

  std::optional<NetworkNamespace> namespace_;
  UniqueFd news_;
  CapabilityLadder ladder_{*OffloadSwitches::Parse("auto"), [](const std::string&) {}};
  SharedState shared_;
  LoadSources load_sources_{7};
  std::optional<WorkerPeer> live_, waiting_;
  std::optional<Remote> host_;
  std::unique_ptr<Worker> worker_;
};

// The messages of the turn before were sent; a command that comes next must not send them again.
TEST_P(WorkerTest, AFlushSendsNothingOfTheTurnBefore) {
  live_->PublishSession();
  SendTo(*waiting_);
  AwaitEvent(*waiting_);
  SendTo(*live_);
  EXPECT_EQ(live_->ReceiveCounter(), 0);
  waiting_->PublishSession();
  Flush(*waiting_);
  EXPECT_EQ(waiting_->ReceiveCounter(), 0);
  SendTo(*live_);
  EXPECT_EQ(live_->ReceiveCounter(), 1) << "a message was sent twice";
}

INSTANTIATE_TEST_SUITE_P(, WorkerTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "IoUring" : "Epoll"; });

}  // namespace
}  // namespace ringwire::platform
