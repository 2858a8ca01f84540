#include "core/routing/index_table.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "core/base/endian.h"
#include "core/base/instant.h"
#include "core/noise/keypair.h"
#include "tests/support/seeded_random.h"

namespace ringwire {
namespace {

constexpr Instant kNow = Instant::FromNanoseconds(1'000'000'000);

// Draws the given numbers, then fails the test.
class ScriptedRandom final : public crypto::Random {
 public:
  explicit ScriptedRandom(std::vector<uint32_t> draws) : draws_(std::move(draws)) {}
  void Fill(std::span<uint8_t> out) override {
    ASSERT_EQ(out.size(), 4u);
    ASSERT_LT(next_, draws_.size());
    StoreLe32(out.data(), draws_[next_++]);
  }
  bool used_up() const { return next_ == draws_.size(); }

 private:
  const std::vector<uint32_t> draws_;
  size_t next_ = 0;
};

std::unique_ptr<Keypair> KeypairWith(uint32_t local_index) {
  SessionKeys keys;
  keys.local_index = local_index;
  return std::make_unique<Keypair>(keys, nullptr, kNow);
}

class IndexTableTest : public ::testing::Test {
 protected:
  QuiescenceDomain quiescence_;
  IndexTable table_{&quiescence_};
  SeededRandom random_{1};
};

TEST_F(IndexTableTest, AnIndexLeadsToItsSessionFromPublishToRelease) {
  const uint32_t index = table_.Reserve(random_, kNow);
  const auto keypair = KeypairWith(index);
  EXPECT_EQ(table_.Find(index), nullptr) << "reserved only";
  table_.Publish(index, keypair.get());
  EXPECT_EQ(table_.Find(index), keypair.get());
  EXPECT_EQ(table_.reserved_count(), 1u);
  table_.Release(index);
  EXPECT_EQ(table_.Find(index), nullptr);
  EXPECT_EQ(table_.reserved_count(), 0u);
}

TEST_F(IndexTableTest, AnIndexIsPendingFromReserveToPublishOrRelease) {
  const uint32_t index = table_.Reserve(random_, kNow);
  EXPECT_TRUE(table_.IsPending(index));
  const auto keypair = KeypairWith(index);
  table_.Publish(index, keypair.get());
  EXPECT_FALSE(table_.IsPending(index)) << "it leads to a session";
  table_.Release(index);
  EXPECT_FALSE(table_.IsPending(index));

  const uint32_t abandoned = table_.Reserve(random_, kNow);
  table_.Release(abandoned);
  EXPECT_FALSE(table_.IsPending(abandoned));
}

TEST_F(IndexTableTest, NoOtherIndexIsPendingForIt) {
  EXPECT_FALSE(table_.IsPending(0)) << "what a free place holds";
  const uint32_t index = table_.Reserve(random_, kNow);
  for (int bit = 0; bit < 32; ++bit) {
    EXPECT_FALSE(table_.IsPending(index ^ (uint32_t{1} << bit))) << bit;
  }
}

TEST_F(IndexTableTest, AnotherIndexOfTheSameSlotFindsNothing) {
  const uint32_t index = table_.Reserve(random_, kNow);
  const auto keypair = KeypairWith(index);
  table_.Publish(index, keypair.get());
  for (int bit = 10; bit < 32; ++bit) {
    EXPECT_EQ(table_.Find(index ^ (uint32_t{1} << bit)), nullptr) << bit;
  }
  EXPECT_EQ(table_.Find(index + 1), nullptr);
}

TEST_F(IndexTableTest, NeverDrawsZeroOrATakenSlot) {
  ScriptedRandom random({0, 0x00010005, 0x00020005, 0x00010005, 0x00000006});
  EXPECT_EQ(table_.Reserve(random, kNow), 0x00010005u);
  EXPECT_EQ(table_.Reserve(random, kNow), 0x00000006u);
  EXPECT_TRUE(random.used_up());
}

TEST_F(IndexTableTest, ASlotIsFreeAgainAfterRelease) {
  ScriptedRandom random({0x00010005, 0x00020005});
  table_.Release(table_.Reserve(random, kNow));
  EXPECT_EQ(table_.Reserve(random, kNow), 0x00020005u);
}

TEST_F(IndexTableTest, GrowsWithoutLosingAnything) {
  constexpr size_t kCount = 5000;
  std::set<uint32_t> indices;
  std::vector<std::unique_ptr<Keypair>> keypairs;
  for (size_t i = 0; i < kCount; ++i) {
    const uint32_t index = table_.Reserve(random_, kNow);
    EXPECT_NE(index, 0u);
    EXPECT_TRUE(indices.insert(index).second);
    if (i % 2 == 0) continue;  // stays pending
    keypairs.push_back(KeypairWith(index));
    table_.Publish(index, keypairs.back().get());
  }
  EXPECT_EQ(table_.reserved_count(), kCount);
  EXPECT_EQ(quiescence_.retired_count(), 5u) << "1,024 places doubled to 32,768";
  for (const auto& keypair : keypairs) {
    ASSERT_EQ(table_.Find(keypair->local_index()), keypair.get());
    table_.Release(keypair->local_index());
    ASSERT_EQ(table_.Find(keypair->local_index()), nullptr);
    indices.erase(keypair->local_index());
  }
  for (const uint32_t index : indices) {
    ASSERT_TRUE(table_.IsPending(index));
    table_.Release(index);
  }
  EXPECT_EQ(table_.reserved_count(), 0u);
}

TEST_F(IndexTableTest, StaysBelowAQuarterFull) {
  for (int i = 0; i < 256; ++i) table_.Reserve(random_, kNow);
  EXPECT_EQ(quiescence_.retired_count(), 0u);
  table_.Reserve(random_, kNow);
  EXPECT_EQ(quiescence_.retired_count(), 1u);
}

TEST_F(IndexTableTest, TheReplacedTableOutlivesReadersThatMayUseIt) {
  auto* const reader = quiescence_.AddReader();
  reader->Online();
  for (int i = 0; i < 257; ++i) table_.Reserve(random_, kNow);
  EXPECT_EQ(quiescence_.Collect(), 1u);
  reader->Offline();
  EXPECT_EQ(quiescence_.Collect(), 0u);
}

using IndexTableDeathTest = IndexTableTest;

TEST_F(IndexTableDeathTest, RefusesAnIndexThatWasNeverReserved) {
  const uint32_t index = table_.Reserve(random_, kNow);
  const auto other = KeypairWith(index ^ 0x80000000u);
  EXPECT_DEATH(table_.Release(index ^ 0x80000000u), "CHECK failed");
  EXPECT_DEATH(table_.Release(0), "CHECK failed");
  EXPECT_DEATH(table_.Publish(index ^ 0x80000000u, other.get()), "CHECK failed");
  EXPECT_DEATH(table_.Publish(index, other.get()), "CHECK failed") << "a session of another index";
}

}  // namespace
}  // namespace ringwire
