#include "platform/relay/cpu_budget.h"

#include <gtest/gtest.h>

namespace ringwire::platform {
namespace {

CpuBudget Budget(int cpus, std::optional<size_t> quota = std::nullopt) {
  CpuBudget budget;
  for (int i = 0; i < cpus; ++i) budget.cpus.push_back(10 + i);
  budget.quota_cpus = quota;
  return budget;
}

TEST(CpuBudgetTest, ReadsACgroupsQuotaRoundedUp) {
  EXPECT_EQ(ParseCpuMax("max 100000\n"), std::nullopt);
  EXPECT_EQ(ParseCpuMax("200000 100000\n"), 2u);
  EXPECT_EQ(ParseCpuMax("150000 100000\n"), 2u);
  EXPECT_EQ(ParseCpuMax("50000 100000\n"), 1u);
  EXPECT_EQ(ParseCpuMax("1 100000"), 1u);
}

TEST(CpuBudgetTest, TakesNonsenseForNoLimit) {
  for (const char* const text : {"", "100000", "100000 0", "-1 100000", "a b"}) {
    EXPECT_EQ(ParseCpuMax(text), std::nullopt) << text;
  }
}

TEST(CpuBudgetTest, FindsTheUnifiedCgroup) {
  EXPECT_EQ(ParseCgroupPath("0::/system.slice/ringwire.service\n"),
            "/system.slice/ringwire.service");
  EXPECT_EQ(ParseCgroupPath("3:cpu:/old\n0::/new\n"), "/new");
  EXPECT_EQ(ParseCgroupPath("3:cpu:/old\n"), std::nullopt);
}

TEST(CpuBudgetTest, WorkersAreTheSmallerOfMaskAndQuota) {
  EXPECT_EQ(WorkersFor(Budget(8)), 8u);
  EXPECT_EQ(WorkersFor(Budget(8, 3)), 3u);
  EXPECT_EQ(WorkersFor(Budget(2, 16)), 2u);
  EXPECT_EQ(WorkersFor(Budget(0)), 1u);
  EXPECT_EQ(WorkersFor(Budget(1000)), 256u);
}

TEST(CpuBudgetTest, AutoPinsOnlyWhereThereIsRoom) {
  EXPECT_TRUE(PinningFor(Budget(3), 3, PinChoice::kAuto).empty());
  EXPECT_TRUE(PinningFor(Budget(8, 2), 2, PinChoice::kAuto).empty());
  EXPECT_TRUE(PinningFor(Budget(4), 5, PinChoice::kAuto).empty());
  EXPECT_EQ(PinningFor(Budget(4), 4, PinChoice::kAuto), (std::vector<int>{10, 11, 12, 13}));
  EXPECT_TRUE(PinningFor(Budget(4), 4, PinChoice::kOff).empty());
  EXPECT_EQ(PinningFor(Budget(2), 3, PinChoice::kOn), (std::vector<int>{10, 11, 10}));
}

TEST(CpuBudgetTest, PinsWhereNetworkCardsInterruptLeast) {
  CpuBudget budget = Budget(6);
  budget.network_interrupts = {{10, 3}, {12, 1}, {13, 1}, {99, 7}};
  EXPECT_EQ(PinningFor(budget, 2, PinChoice::kAuto), (std::vector<int>{11, 14}));
  EXPECT_EQ(PinningFor(budget, 4, PinChoice::kAuto), (std::vector<int>{11, 12, 14, 15}));
  EXPECT_EQ(PinningFor(budget, 5, PinChoice::kAuto), (std::vector<int>{11, 12, 13, 14, 15}));
  // No choice: each gets one.
  EXPECT_EQ(PinningFor(budget, 6, PinChoice::kAuto), (std::vector<int>{10, 11, 12, 13, 14, 15}));
  // As many on each: in order.
  budget.network_interrupts = {{10, 2}, {11, 2}, {12, 2}, {13, 2}, {14, 2}, {15, 2}};
  EXPECT_EQ(PinningFor(budget, 3, PinChoice::kOn), (std::vector<int>{10, 11, 12}));
}

}  // namespace
}  // namespace ringwire::platform
