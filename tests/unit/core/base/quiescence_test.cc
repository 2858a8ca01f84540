#include "core/base/quiescence.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "core/base/limits.h"

namespace ringwire {
namespace {

constexpr Instant kNow = Instant::FromNanoseconds(1'000'000'000);

// Notes its number when it is destroyed.
struct Tombstone {
  Tombstone(std::vector<int>* to, int with) : graves(to), number(with) {}
  ~Tombstone() { graves->push_back(number); }
  Tombstone(const Tombstone&) = delete;
  Tombstone& operator=(const Tombstone&) = delete;
  std::vector<int>* const graves;
  const int number;
};

class QuiescenceTest : public ::testing::Test {
 protected:
  void Retire(int number, Instant now = kNow) {
    domain_.Retire(std::make_shared<Tombstone>(&destroyed_, number), now);
  }

  std::vector<int> destroyed_;
  QuiescenceDomain domain_;
};

TEST_F(QuiescenceTest, DestroysOnlyInCollect) {
  Retire(1);
  EXPECT_TRUE(destroyed_.empty());
  EXPECT_EQ(domain_.retired_count(), 1u);
  EXPECT_EQ(domain_.Collect(), 0u);
  EXPECT_EQ(destroyed_, std::vector<int>{1});
}

TEST_F(QuiescenceTest, WaitsForAReaderThatWasOnlineBefore) {
  auto* const reader = domain_.AddReader();
  reader->Online();
  Retire(1);
  EXPECT_EQ(domain_.Collect(), 1u);
  EXPECT_TRUE(destroyed_.empty());
  reader->Offline();
  EXPECT_EQ(domain_.Collect(), 0u);
  EXPECT_EQ(destroyed_, std::vector<int>{1});
}

TEST_F(QuiescenceTest, IsNotHeldUpByAnOfflineReader) {
  auto* const reader = domain_.AddReader();
  reader->Online();
  reader->Offline();
  Retire(1);
  EXPECT_EQ(domain_.Collect(), 0u);
}

TEST_F(QuiescenceTest, IsNotHeldUpByAReaderThatCameOnlineAfter) {
  auto* const reader = domain_.AddReader();
  Retire(1);
  reader->Online();
  EXPECT_EQ(domain_.Collect(), 0u);
  reader->Offline();
}

TEST_F(QuiescenceTest, OnlineAgainIsAQuiescentPoint) {
  auto* const reader = domain_.AddReader();
  reader->Online();
  Retire(1);
  reader->Online();
  Retire(2);
  EXPECT_EQ(domain_.Collect(), 1u);
  EXPECT_EQ(destroyed_, std::vector<int>{1});
  reader->Offline();
}

TEST_F(QuiescenceTest, WaitsForTheSlowestReader) {
  auto* const slow = domain_.AddReader();
  auto* const quick = domain_.AddReader();
  slow->Online();
  quick->Online();
  Retire(1);
  quick->Online();
  EXPECT_EQ(domain_.Collect(), 1u);
  slow->Online();
  EXPECT_EQ(domain_.Collect(), 0u);
  slow->Offline();
  quick->Offline();
}

TEST_F(QuiescenceTest, DestroysInTheOrderOfRetirement) {
  auto* const reader = domain_.AddReader();
  reader->Online();
  for (int i = 0; i < 5; ++i) Retire(i);
  reader->Offline();
  domain_.Collect();
  EXPECT_EQ(destroyed_, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST_F(QuiescenceTest, DestructorDestroysTheRest) {
  auto domain = std::make_unique<QuiescenceDomain>();
  auto* const reader = domain->AddReader();
  reader->Online();
  for (int i = 0; i < 3; ++i) domain->Retire(std::make_shared<Tombstone>(&destroyed_, i), kNow);
  EXPECT_EQ(domain->Collect(), 3u);
  reader->Offline();
  domain.reset();
  EXPECT_EQ(destroyed_, (std::vector<int>{0, 1, 2}));
}

TEST_F(QuiescenceTest, AnObjectMayRetireAnotherWhenItIsDestroyed) {
  struct Chain {
    ~Chain() { domain->Retire(std::move(next), kNow); }
    QuiescenceDomain* domain;
    std::shared_ptr<Tombstone> next;
  };
  auto* const reader = domain_.AddReader();
  auto chain = std::make_shared<Chain>();
  chain->domain = &domain_;
  chain->next = std::make_shared<Tombstone>(&destroyed_, 1);
  domain_.Retire(std::move(chain), kNow);
  reader->Online();
  EXPECT_EQ(domain_.Collect(), 1u) << "a reader may still hold what has just been retired";
  EXPECT_TRUE(destroyed_.empty());
  reader->Offline();
  EXPECT_EQ(domain_.Collect(), 0u);
  EXPECT_EQ(destroyed_, std::vector<int>{1});
}

TEST_F(QuiescenceTest, WakesReadersOverTooManyObjects) {
  auto* const reader = domain_.AddReader();
  reader->Online();
  for (size_t i = 0; i < kRetiredMax; ++i) domain_.Retire(std::make_shared<int>(), kNow);
  EXPECT_FALSE(domain_.WantsQuiescence(kNow));
  domain_.Retire(std::make_shared<int>(), kNow);
  EXPECT_TRUE(domain_.WantsQuiescence(kNow));
  reader->Offline();
}

TEST_F(QuiescenceTest, WakesReadersOverAnObjectThatWaitsMoreThanASecond) {
  auto* const reader = domain_.AddReader();
  reader->Online();
  EXPECT_FALSE(domain_.WantsQuiescence(kNow));
  Retire(1);
  Retire(2, kNow + absl::Milliseconds(900));
  EXPECT_FALSE(domain_.WantsQuiescence(kNow + absl::Seconds(1)));
  EXPECT_TRUE(domain_.WantsQuiescence(kNow + absl::Seconds(1) + absl::Nanoseconds(1)));
  reader->Offline();
}

TEST_F(QuiescenceTest, WakesNobodyWhenAllAreOffline) {
  domain_.AddReader();
  Retire(1);
  EXPECT_FALSE(domain_.WantsQuiescence(kNow + absl::Hours(1)));
}

TEST(QuiescenceDeathTest, NoReaderMayOutliveTheDomain) {
  EXPECT_DEATH(
      {
        QuiescenceDomain domain;
        domain.AddReader()->Online();
        domain.Retire(std::make_shared<int>(), kNow);
      },
      "CHECK failed");
}

}  // namespace
}  // namespace ringwire
