#include "core/noise/replay_window.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/seeded_random.h"

namespace ringwire {
namespace {

constexpr uint64_t kUsable = 8128;

// What the window must answer, said in the plainest way.
class Model {
 public:
  bool CheckAndSet(uint64_t counter) {
    if (counter >= kRejectAfterMessages) return false;
    if (!seen_.empty() && counter < *seen_.rbegin() && *seen_.rbegin() - counter > kUsable) {
      return false;
    }
    return seen_.insert(counter).second;
  }
  uint64_t greatest() const { return seen_.empty() ? 0 : *seen_.rbegin(); }

 private:
  std::set<uint64_t> seen_;
};

TEST(ReplayWindowTest, AcceptsTheFirstCounterOnce) {
  ReplayWindow window;
  EXPECT_TRUE(window.CheckAndSet(0));
  EXPECT_FALSE(window.CheckAndSet(0));
  EXPECT_TRUE(window.CheckAndSet(1));
  EXPECT_FALSE(window.CheckAndSet(1));
  EXPECT_FALSE(window.CheckAndSet(0));
}

TEST(ReplayWindowTest, NextIsAboveEveryAcceptedCounterAndNoOther) {
  ReplayWindow window;
  EXPECT_EQ(window.next(), 0);
  EXPECT_TRUE(window.CheckAndSet(7));
  EXPECT_EQ(window.next(), 8);
  EXPECT_TRUE(window.CheckAndSet(3));
  EXPECT_FALSE(window.CheckAndSet(kRejectAfterMessages));
  EXPECT_EQ(window.next(), 8);
}

TEST(ReplayWindowTest, AcceptsEachCounterOnceAcrossManyTurnsOfTheRing) {
  ReplayWindow window;
  for (uint64_t counter = 0; counter < 5 * kReplayWindowBits; ++counter) {
    ASSERT_TRUE(window.CheckAndSet(counter)) << counter;
    ASSERT_FALSE(window.CheckAndSet(counter)) << counter;
  }
}

TEST(ReplayWindowTest, AcceptsOvertakenCounters) {
  ReplayWindow window;
  for (uint64_t counter = kUsable + 1; counter-- > 0;) ASSERT_TRUE(window.CheckAndSet(counter));
  for (uint64_t counter = 0; counter <= kUsable; ++counter) {
    ASSERT_FALSE(window.CheckAndSet(counter));
  }
}

TEST(ReplayWindowTest, ReachesBackExactlyItsUsableBits) {
  // Every place of the greatest counter within a word of the ring.
  for (uint64_t greatest = 20000; greatest < 20000 + 130; ++greatest) {
    ReplayWindow window;
    ASSERT_TRUE(window.CheckAndSet(greatest));
    EXPECT_FALSE(window.CheckAndSet(greatest - 8130));
    EXPECT_FALSE(window.CheckAndSet(greatest - 8129));
    EXPECT_TRUE(window.CheckAndSet(greatest - 8128));
    EXPECT_TRUE(window.CheckAndSet(greatest - 8127));
    EXPECT_FALSE(window.CheckAndSet(greatest - 8128));
    EXPECT_FALSE(window.CheckAndSet(greatest - 8127));
    EXPECT_FALSE(window.CheckAndSet(greatest));
  }
}

TEST(ReplayWindowTest, JumpsForgetExactlyTheCountersThatFellBehind) {
  for (const uint64_t jump : {uint64_t{1}, uint64_t{63}, uint64_t{64}, uint64_t{65}, uint64_t{8127},
                              uint64_t{8128}, uint64_t{8129}, uint64_t{8191}, uint64_t{8192},
                              uint64_t{8193}, uint64_t{16384}, uint64_t{1} << 40}) {
    ReplayWindow window;
    Model model;
    for (uint64_t counter = 0; counter < 9000; ++counter) {
      ASSERT_EQ(window.CheckAndSet(counter), model.CheckAndSet(counter));
    }
    const uint64_t far = 8999 + jump;
    ASSERT_TRUE(window.CheckAndSet(far));
    ASSERT_TRUE(model.CheckAndSet(far));
    for (uint64_t back = 0; back <= 8200; ++back) {
      ASSERT_EQ(window.CheckAndSet(far - back), model.CheckAndSet(far - back))
          << back << " behind a jump of " << jump;
    }
  }
}

TEST(ReplayWindowTest, RefusesCountersFromTheMessageLimitOn) {
  ReplayWindow window;
  EXPECT_FALSE(window.CheckAndSet(kRejectAfterMessages));
  EXPECT_FALSE(window.CheckAndSet(kRejectAfterMessages + 1));
  EXPECT_FALSE(window.CheckAndSet(~uint64_t{0}));
  // A refused counter has not moved the window.
  EXPECT_TRUE(window.CheckAndSet(0));
  EXPECT_TRUE(window.CheckAndSet(kRejectAfterMessages - 1));
  EXPECT_FALSE(window.CheckAndSet(kRejectAfterMessages - 1));
  EXPECT_TRUE(window.CheckAndSet(kRejectAfterMessages - 1 - kUsable));
  EXPECT_FALSE(window.CheckAndSet(kRejectAfterMessages - 2 - kUsable));
  EXPECT_FALSE(window.CheckAndSet(0));
  EXPECT_FALSE(window.CheckAndSet(kRejectAfterMessages));
}

TEST(ReplayWindowTest, AgreesWithASetOfSeenCounters) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    SeededRandom random(seed);
    ReplayWindow window;
    Model model;
    for (int i = 0; i < 20000; ++i) {
      const uint64_t greatest = model.greatest();
      uint64_t counter = 0;
      switch (random.Below(8)) {
        case 0:  // a jump, rarely beyond the whole ring
          counter = greatest + random.Below(uint64_t{1} << (1 + random.Below(15)));
          break;
        case 1:  // near the far edge
          counter = greatest - std::min(greatest, kUsable - 8 + random.Below(16));
          break;
        case 2:
        case 3:  // somewhere in the window
          counter = greatest - std::min(greatest, random.Below(kUsable + 100));
          break;
        default:  // almost in order
          counter = greatest + 3 - std::min(greatest + 3, random.Below(6));
          break;
      }
      ASSERT_EQ(window.CheckAndSet(counter), model.CheckAndSet(counter))
          << counter << " after " << greatest;
    }
  }
}

}  // namespace
}  // namespace ringwire
