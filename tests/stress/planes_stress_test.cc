// What workers and control say to each other, on real threads: nothing that was said is lost. Run
// under TSan.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "core/base/instant.h"
#include "core/base/limits.h"
#include "core/base/spsc_queue.h"
#include "core/noise/keypair.h"
#include "core/routing/peer_slot.h"
#include "core/routing/plane_messages.h"
#include "core/routing/staged_queue.h"
#include "tests/support/seeded_random.h"

namespace ringwire {
namespace {

// Lets two threads start each round at the same moment, so that they meet where it is narrow.
class Rendezvous {
 public:
  explicit Rendezvous(uint64_t parties) : parties_(parties) {}
  void Wait() {
    const uint64_t target = (arrived_.fetch_add(1) / parties_ + 1) * parties_;
    for (uint64_t spins = 0; arrived_.load() < target; ++spins) {
      if (spins % kSpinsBeforeYield == kSpinsBeforeYield - 1) std::this_thread::yield();
    }
  }

 private:
  // Long enough for the scheduler to give each thread a CPU if there is one, short enough if there
  // is not.
  static constexpr uint64_t kSpinsBeforeYield = 512;
  const uint64_t parties_;
  std::atomic<uint64_t> arrived_{0};
};

// Up to about a microsecond, or a turn for the other thread where both share a CPU: so that over
// many rounds every interleaving of the steps around it comes up, whichever thread leaves the
// rendezvous first.
void Dawdle(SeededRandom* random) {
  volatile uint64_t turns = random->Below(512);
  while (turns > 0) turns = turns - 1;
  if (random->Below(16) == 0) std::this_thread::yield();
}

TEST(SpscQueueStressTest, DeliversEverythingOnceAndInOrder) {
  constexpr uint64_t kCount = 200'000;
  SpscQueue<std::unique_ptr<uint64_t>> queue(64);
  std::thread producer([&queue] {
    for (uint64_t i = 0; i < kCount; ++i) {
      auto value = std::make_unique<uint64_t>(i);
      while (!queue.TryPush(std::move(value))) std::this_thread::yield();
    }
  });
  uint64_t out_of_order = 0;
  uint64_t overfull = 0;
  for (uint64_t i = 0; i < kCount; ++i) {
    std::unique_ptr<uint64_t> value;
    while (!queue.TryPop(&value)) std::this_thread::yield();
    if (*value != i) ++out_of_order;
    if (queue.size() > queue.capacity()) ++overfull;
  }
  producer.join();
  EXPECT_EQ(out_of_order, 0u);
  EXPECT_EQ(overfull, 0u);
  EXPECT_EQ(queue.size(), 0u);
}

// After each round both sides have done all that they ever do: a packet that is still staged would
// wait for the next one to come.
TEST(PlanesStressTest, NoStagedPacketIsLeftBehindWhenASessionAppears) {
  constexpr int kRounds = 4000;
  const std::array<uint8_t, 32> packet{};
  Keypair session(SessionKeys{}, nullptr, Instant());
  StagedPool pool;
  PeerSlot peer(PeerId{0, 1}, &pool);
  Rendezvous rendezvous(2);
  std::atomic<uint64_t> flushed{0};
  const auto flush = [&] {
    std::vector<uint8_t> out;
    while (peer.staged.Pop(&out)) flushed.fetch_add(1, std::memory_order_relaxed);
  };
  std::thread worker([&] {
    SeededRandom random(1);
    for (int round = 0; round < kRounds; ++round) {
      rendezvous.Wait();
      Dawdle(&random);
      if (peer.current.load(std::memory_order_acquire) == nullptr) {
        Dawdle(&random);
        (void)peer.staged.Push(packet);
        Dawdle(&random);
        if (peer.current.load() != nullptr) flush();
      } else {
        flushed.fetch_add(1, std::memory_order_relaxed);  // sent at once
      }
      rendezvous.Wait();
    }
  });
  uint64_t left_behind = 0;
  SeededRandom random(2);
  for (int round = 0; round < kRounds; ++round) {
    rendezvous.Wait();
    Dawdle(&random);
    peer.current.store(&session);
    Dawdle(&random);
    if (!peer.staged.empty()) flush();
    rendezvous.Wait();
    // The worker waits for the next round now, and until then all is control's.
    if (!peer.staged.empty()) ++left_behind;
    (void)peer.staged.Clear();
    peer.current.store(nullptr);
  }
  worker.join();
  EXPECT_EQ(left_behind, 0u);
  EXPECT_EQ(flushed.load(), uint64_t{kRounds});
  EXPECT_EQ(pool.used(), 0u);
}

// Control stops watching and looks once more, while the worker's first packet starts a stamp: one
// of them must notice. Both walk over many peers between two meetings, so that they overtake each
// other at every step.
TEST(PlanesStressTest, NoStampStartsUnnoticedWhenControlStopsWatching) {
  constexpr int kRounds = 3000;
  constexpr size_t kPeers = 64;
  struct Outcome {
    bool sent_told = false;
    bool received_told = false;
    PeerActivity::Snapshot seen;
  };
  std::array<PeerActivity, kPeers> activities;
  std::array<Outcome, kPeers> outcomes;
  Rendezvous rendezvous(2);
  std::thread worker([&] {
    SeededRandom random(3);
    for (int round = 0; round < kRounds; ++round) {
      rendezvous.Wait();
      Dawdle(&random);
      for (size_t i = 0; i < kPeers; ++i) {
        outcomes[i].sent_told = activities[i].DataSent(Instant::FromNanoseconds(round));
        outcomes[i].received_told = activities[i].DataReceived(Instant::FromNanoseconds(round));
      }
      rendezvous.Wait();
    }
  });
  uint64_t unnoticed = 0;
  SeededRandom random(4);
  for (int round = 0; round < kRounds; ++round) {
    for (PeerActivity& activity : activities) {
      activity.ClearUnanswered();
      activity.ClearUnacknowledged();
      activity.SetWatched(true);
    }
    rendezvous.Wait();
    Dawdle(&random);
    for (size_t i = kPeers; i-- > 0;) {
      activities[i].SetWatched(false);
      outcomes[i].seen = activities[i].Read();
    }
    rendezvous.Wait();
    for (const Outcome& outcome : outcomes) {
      if (!outcome.sent_told && outcome.seen.unanswered_since_ns == 0) ++unnoticed;
      if (!outcome.received_told && outcome.seen.unacknowledged_since_ns == 0) ++unnoticed;
    }
  }
  worker.join();
  EXPECT_EQ(unnoticed, 0u);
}

TEST(PlanesStressTest, ExactlyOneWorkerReportsTheStartOfAStamp) {
  constexpr int kRounds = 3000;
  constexpr size_t kPeers = 64;
  std::array<PeerActivity, kPeers> activities;
  std::array<std::array<bool, kPeers>, 2> told{};
  uint64_t wrong = 0;  // of worker 0
  Rendezvous rendezvous(2);
  const auto run_worker = [&](size_t w) {
    SeededRandom random(5 + w);
    for (int round = 0; round < kRounds; ++round) {
      rendezvous.Wait();
      Dawdle(&random);
      for (size_t step = 0; step < kPeers; ++step) {
        const size_t i = w == 0 ? step : kPeers - 1 - step;  // they meet
        told[w][i] = activities[i].DataSent(Instant::FromNanoseconds(round));
      }
      rendezvous.Wait();
      if (w != 0) continue;
      // The other worker waits for the next round now.
      for (size_t i = 0; i < kPeers; ++i) {
        if (told[0][i] == told[1][i]) ++wrong;
        activities[i].ClearUnanswered();
      }
    }
  };
  std::thread other(run_worker, 1);
  run_worker(0);
  other.join();
  EXPECT_EQ(wrong, 0u);
}

// Two workers raise events on more peers than both their queues hold. Each event is announced by a
// payload written before it; control must have seen the last payload of every peer once it has
// taken all bits.
class EventStress {
 public:
  static constexpr size_t kPeers = 2 * kEventQueueMax + 500;
  static constexpr int kTurns = 8;

  EventStress() {
    for (uint32_t i = 0; i < kPeers; ++i) {
      peers_.push_back(std::make_unique<PeerSlot>(PeerId{i, 1}, &pool_));
    }
  }

  // Worker `w` raises its own kind of event on every peer.
  void RunWorker(size_t w) {
    for (int turn = 1; turn <= kTurns; ++turn) {
      for (size_t i = 0; i < kPeers; ++i) {
        raised_[w][i].store(turn, std::memory_order_relaxed);
        links_[w].Raise(*peers_[i], KindOf(w));
      }
    }
    running_.fetch_sub(1);
  }

  void RunControl() {
    bool last_look = false;
    while (!last_look) {
      last_look = running_.load() == 0;
      for (WorkerLink& link : links_) {
        DataEvent event;
        while (link.events.TryPop(&event)) Take(event.peer.index);
        if (!link.events_overflowed.load() || !link.events_overflowed.exchange(false)) continue;
        ++overflows_;
        for (size_t i = 0; i < kPeers; ++i) Take(i);
      }
    }
  }

  size_t Missed() const {
    size_t missed = 0;
    for (const auto& of_worker : seen_) {
      for (const int turn : of_worker) missed += turn == kTurns ? 0 : 1;
    }
    for (const auto& peer : peers_) missed += peer->pending_events.load() == 0 ? 0 : 1;
    return missed;
  }
  size_t overflows() const { return overflows_; }

 private:
  static DataEventKind KindOf(size_t w) { return w == 0 ? kNeedHandshake : kActivity; }

  void Take(size_t peer) {
    const uint32_t events = peers_[peer]->pending_events.exchange(0);
    for (size_t w = 0; w < links_.size(); ++w) {
      if ((events & KindOf(w)) == 0) continue;
      seen_[w][peer] = raised_[w][peer].load(std::memory_order_relaxed);
    }
  }

  StagedPool pool_;
  std::vector<std::unique_ptr<PeerSlot>> peers_;
  std::array<WorkerLink, 2> links_;
  std::array<std::array<std::atomic<int>, kPeers>, 2> raised_{};
  std::array<std::array<int, kPeers>, 2> seen_{};
  std::atomic<int> running_{2};
  size_t overflows_ = 0;
};

TEST(PlanesStressTest, EveryRaisedEventIsTakenThoughTheQueueOverflows) {
  const auto stress = std::make_unique<EventStress>();
  std::thread first([&stress] { stress->RunWorker(0); });
  std::thread second([&stress] { stress->RunWorker(1); });
  stress->RunControl();
  first.join();
  second.join();
  EXPECT_EQ(stress->Missed(), 0u);
}

// The same with control away until the workers are done: the overflow path is certain.
TEST(PlanesStressTest, ControlThatComesLateFindsEveryPeerByTheOverflow) {
  const auto stress = std::make_unique<EventStress>();
  std::thread first([&stress] { stress->RunWorker(0); });
  std::thread second([&stress] { stress->RunWorker(1); });
  first.join();
  second.join();
  stress->RunControl();
  EXPECT_EQ(stress->Missed(), 0u);
  EXPECT_GT(stress->overflows(), 0u);
}

}  // namespace
}  // namespace ringwire
