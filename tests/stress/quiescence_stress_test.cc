// Readers of the shared tables on real threads while the writer edits, retires and collects. Run
// under TSan; ASan would find a node that was freed too early.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/endian.h"
#include "core/base/instant.h"
#include "core/base/quiescence.h"
#include "core/noise/keypair.h"
#include "core/routing/allowed_ips.h"
#include "core/routing/index_table.h"
#include "core/routing/peer_slot.h"
#include "tests/support/seeded_random.h"

namespace ringwire {
namespace {

constexpr int kReaders = 3;

// Threads that go online, look, and go offline now and then, until the writer is done.
class Readers {
 public:
  template <typename Look>
  Readers(QuiescenceDomain* domain, Look look) {
    for (int i = 0; i < kReaders; ++i) {
      QuiescenceDomain::Reader* const reader = domain->AddReader();
      threads_.emplace_back([this, reader, look, seed = static_cast<uint64_t>(i)] {
        SeededRandom random(seed);
        while (!done_.load(std::memory_order_relaxed)) {
          reader->Online();
          for (uint64_t looks = random.Below(64); looks > 0; --looks) look(random);
          if (random.Below(4) == 0) reader->Offline();
        }
        reader->Offline();
      });
    }
  }
  ~Readers() {
    done_.store(true);
    for (std::thread& thread : threads_) thread.join();
  }
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

 private:
  std::atomic<bool> done_{false};
  std::vector<std::thread> threads_;
};

Instant At(int64_t ns) { return Instant::FromNanoseconds(ns); }

// Tells its readers that it is gone, as long as its memory still holds; beyond that the sanitizers
// tell.
struct Canary {
  ~Canary() { alive.store(false, std::memory_order_relaxed); }
  std::atomic<bool> alive{true};
};

TEST(QuiescenceStressTest, NoReaderMeetsAnObjectThatWasDestroyed) {
  QuiescenceDomain domain;
  auto owned = std::make_shared<Canary>();
  std::atomic<Canary*> published{owned.get()};
  std::atomic<uint64_t> dead{0};
  {
    const Readers readers(&domain, [&](SeededRandom&) {
      if (!published.load(std::memory_order_acquire)->alive.load()) dead.fetch_add(1);
    });
    for (int i = 0; i < 20'000; ++i) {
      auto next = std::make_shared<Canary>();
      published.store(next.get(), std::memory_order_release);
      domain.Retire(std::exchange(owned, std::move(next)), At(i));
      domain.Collect();
    }
  }
  EXPECT_EQ(dead.load(), 0u);
  EXPECT_EQ(domain.Collect(), 0u);
}

// Address i belongs to peer i % 2 or to nobody, and the default route to a third peer, in every
// published state. So whatever a reader finds, it can tell a wrong answer.
TEST(QuiescenceStressTest, LookupsStayRightWhileAllowedIpsChange) {
  constexpr uint32_t kAddresses = 512;
  const auto address_of = [](uint64_t i) {
    std::array<uint8_t, 4> bytes;
    StoreBe32(bytes.data(), static_cast<uint32_t>(0x0a000000 + i));
    return IpAddress::V4(bytes);
  };
  StagedPool pool;
  std::array<PeerSlot, 3> peers{PeerSlot(PeerId{0, 1}, &pool), PeerSlot(PeerId{1, 1}, &pool),
                                PeerSlot(PeerId{2, 1}, &pool)};
  QuiescenceDomain domain;
  AllowedIps allowed_ips(&domain);
  allowed_ips.Insert(Prefix::Of(address_of(0), 0), &peers[2]);
  allowed_ips.Commit(At(0));
  std::atomic<uint64_t> wrong{0};
  {
    const Readers readers(&domain, [&](SeededRandom& random) {
      const uint64_t i = random.Below(kAddresses);
      const PeerSlot* const found = allowed_ips.Lookup(address_of(i));
      if (found != &peers[i % 2] && found != &peers[2]) wrong.fetch_add(1);
    });
    SeededRandom random(99);
    for (int batch = 0; batch < 3000; ++batch) {
      for (uint64_t edits = random.Below(8); edits > 0; --edits) {
        const uint64_t i = random.Below(kAddresses);
        const Prefix prefix = Prefix::Of(address_of(i), 32);
        if (random.Below(2) == 0) {
          allowed_ips.Insert(prefix, &peers[i % 2]);
        } else {
          allowed_ips.Remove(prefix, &peers[i % 2]);
        }
      }
      if (batch % 500 == 499) allowed_ips.RemoveAll(&peers[random.Below(2)]);
      allowed_ips.Commit(At(batch));
      domain.Collect();
    }
  }
  EXPECT_EQ(wrong.load(), 0u);
  EXPECT_EQ(domain.Collect(), 0u);
}

TEST(QuiescenceStressTest, AnIndexNeverLeadsToAnotherSessionWhileTheTableGrows) {
  StagedPool pool;
  PeerSlot peer(PeerId{0, 1}, &pool);
  QuiescenceDomain domain;
  IndexTable table(&domain);
  // The index that readers ask for: of a session that is alive, dying or gone.
  std::atomic<uint32_t> hint{0};
  std::atomic<uint64_t> wrong{0};
  std::atomic<uint64_t> found_count{0};
  {
    const Readers readers(&domain, [&](SeededRandom&) {
      const uint32_t index = hint.load(std::memory_order_relaxed);
      const Keypair* const found = table.Find(index);
      if (found == nullptr) return;
      found_count.fetch_add(1, std::memory_order_relaxed);
      if (found->local_index() != index || found->peer() != &peer) wrong.fetch_add(1);
    });
    SeededRandom random(5);
    std::deque<std::shared_ptr<Keypair>> sessions;
    for (int i = 0; i < 4000; ++i) {
      SessionKeys keys;
      keys.local_index = table.Reserve(random, At(i));
      sessions.push_back(std::make_shared<Keypair>(keys, &peer, At(i)));
      table.Publish(keys.local_index, sessions.back().get());
      hint.store(keys.local_index, std::memory_order_relaxed);
      if (sessions.size() > 600) {
        hint.store(sessions.front()->local_index(), std::memory_order_relaxed);
        table.Release(sessions.front()->local_index());
        domain.Retire(std::move(sessions.front()), At(i));
        sessions.pop_front();
      }
      domain.Collect();
    }
    // Then all that is left stands still until it has been seen.
    hint.store(sessions.back()->local_index());
    const uint64_t before = found_count.load();
    while (found_count.load() == before) std::this_thread::yield();
    for (const auto& session : sessions) table.Release(session->local_index());
    for (auto& session : sessions) domain.Retire(std::move(session), At(4000));
  }
  EXPECT_EQ(wrong.load(), 0u);
  EXPECT_EQ(table.reserved_count(), 0u);
  EXPECT_EQ(domain.Collect(), 0u);
}

// A worker asks whether the index of a response is one that awaits it. An index that has led to a
// session must not pass for one, in whatever moment of its end the worker looks.
TEST(QuiescenceStressTest, AnIndexThatHasLedToASessionIsNeverPendingAgain) {
  StagedPool pool;
  PeerSlot peer(PeerId{0, 1}, &pool);
  QuiescenceDomain domain;
  IndexTable table(&domain);
  std::atomic<uint32_t> pending_hint{0};
  std::atomic<uint32_t> session_hint{0};
  std::atomic<uint64_t> wrong{0};
  std::atomic<uint64_t> pending_count{0};
  {
    const Readers readers(&domain, [&](SeededRandom&) {
      if (table.IsPending(session_hint.load(std::memory_order_acquire))) wrong.fetch_add(1);
      const uint32_t pending = pending_hint.load(std::memory_order_acquire);
      if (table.IsPending(pending)) pending_count.fetch_add(1, std::memory_order_relaxed);
    });
    SeededRandom random(6);
    std::vector<uint32_t> waiting;  // so many that the table grows
    for (int i = 0; i < 4000; ++i) {
      SessionKeys keys;
      keys.local_index = table.Reserve(random, At(i));
      pending_hint.store(keys.local_index, std::memory_order_release);
      auto session = std::make_shared<Keypair>(keys, &peer, At(i));
      table.Publish(keys.local_index, session.get());
      session_hint.store(keys.local_index, std::memory_order_release);
      table.Release(keys.local_index);
      domain.Retire(std::move(session), At(i));
      if (i % 4 == 0) waiting.push_back(table.Reserve(random, At(i)));
      domain.Collect();
    }
    pending_hint.store(waiting.front(), std::memory_order_release);
    const uint64_t before = pending_count.load();
    while (pending_count.load() == before) std::this_thread::yield();
    for (const uint32_t index : waiting) table.Release(index);
  }
  EXPECT_EQ(wrong.load(), 0u);
  EXPECT_EQ(table.reserved_count(), 0u);
  EXPECT_EQ(domain.Collect(), 0u);
}

}  // namespace
}  // namespace ringwire
