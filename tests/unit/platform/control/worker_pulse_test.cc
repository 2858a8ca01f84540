#include "platform/control/worker_pulse.h"

#include <gtest/gtest.h>

namespace ringwire::platform {
namespace {

constexpr absl::Duration kInterval = absl::Seconds(5);

class WorkerPulseTest : public testing::Test {
 protected:
  WorkerPulseTest() {
    pulse_.Start(kInterval, [this] { ++alive_; }, now_);
  }
  // A beat when it is due; how often control was found alive so far.
  int Beat(std::vector<uint64_t> wakeups) {
    now_ = pulse_.due();
    pulse_.Beat(now_, std::move(wakeups));
    return alive_;
  }

  Instant now_ = Instant() + absl::Hours(1);
  WorkerPulse pulse_;
  int alive_ = 0;
};

TEST(WorkerPulseWithoutWatchdogTest, IsNeverDue) {
  EXPECT_TRUE(WorkerPulse().due().IsInfiniteFuture());
}

TEST_F(WorkerPulseTest, BeatsAtOnceAndThenAtEachInterval) {
  EXPECT_EQ(pulse_.due(), now_);
  const Instant first = now_;
  EXPECT_EQ(Beat({0, 0}), 1);
  EXPECT_EQ(pulse_.due(), first + kInterval);
}

TEST_F(WorkerPulseTest, IsSilentWhileOneWorkerHangs) {
  Beat({7, 7});
  EXPECT_EQ(Beat({8, 7}), 1);
  EXPECT_EQ(Beat({9, 7}), 1);
  EXPECT_EQ(Beat({10, 8}), 2) << "and again when it goes on";
}

}  // namespace
}  // namespace ringwire::platform
