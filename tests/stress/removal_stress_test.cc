// A peer that is removed, and added again, while a worker on another thread sends to it. Run under
// TSan and ASan.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/support/pair.h"

namespace ringwire {
namespace {

// A second worker of node A, on its own thread, that sends to B without pause.
class BusyWorker {
 public:
  BusyWorker(Pair* pair, Instant now)
      : reader_(pair->a().shared().quiescence.AddReader()),
        outbound_(&pair->a().shared(), &link_, &engine_, &counters_) {
    const Bytes packet = Pair::PacketFromA(100);
    frame_.assign(kVnetHeaderBytes, 0);
    frame_.insert(frame_.end(), packet.begin(), packet.end());
    thread_ = std::thread([this, now] { Run(now); });
  }
  ~BusyWorker() { Stop(); }
  void Stop() {
    stop_.store(true);
    if (thread_.joinable()) thread_.join();
  }
  uint64_t sealed() const { return sealed_.load(); }

 private:
  void Run(Instant now) {
    const std::vector<TunFrame> frames(32, TunFrame{frame_});
    while (!stop_.load()) {
      reader_->Online();
      outbound_.Reset();
      EXPECT_EQ(outbound_.Process(now, frames), frames.size());
      for (const SendRun& run : outbound_.to_wire()) sealed_.fetch_add(run.run.count);
      reader_->Offline();
      DataEvent event;  // the peers' pending bits say the same, see the test
      while (link_.events.TryPop(&event)) continue;
    }
  }

  QuiescenceDomain::Reader* const reader_;
  WorkerLink link_;
  WorkerCounters counters_;
  crypto::AeadEngine engine_;
  Outbound outbound_;
  Bytes frame_;
  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> sealed_{0};
  std::thread thread_;
};

TEST(Rule22, APeerAndItsSessionsAreNotFreedWithPacketsInFlight) {
  Pair pair;
  ASSERT_TRUE(pair.SendFromA());
  BusyWorker worker(&pair, pair.now());
  // What the busy worker reports reaches control as after an overflow: control looks at every peer.
  const auto wait_until_it_sends = [&] {
    const uint64_t before = worker.sealed();
    while (worker.sealed() == before) {
      pair.a().link().events_overflowed.store(true);
      pair.a().RunControl(pair.now());
      pair.Deliver();
      std::this_thread::yield();
    }
  };
  for (int round = 0; round < 60; ++round) {
    wait_until_it_sends();
    DeviceUpdate removal;
    removal.peers.push_back({.public_key = pair.b().public_key(), .remove = true});
    ASSERT_TRUE(pair.a().Apply(pair.now(), removal).ok());
    pair.Advance(absl::Seconds(1));  // the next initiation bears a later stamp
    DeviceUpdate addition;
    addition.peers.push_back(pair.PeerAsSeenBy(pair.a()));
    ASSERT_TRUE(pair.a().Apply(pair.now(), addition).ok());
  }
  worker.Stop();
  EXPECT_EQ(pair.a().shared().quiescence.Collect(), 0);
}

}  // namespace
}  // namespace ringwire
