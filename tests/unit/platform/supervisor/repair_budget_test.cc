#include "platform/supervisor/repair_budget.h"

#include <gtest/gtest.h>

namespace ringwire::platform {
namespace {

const Instant kStart = Instant() + absl::Hours(1);

TEST(RepairBudgetTest, TenRepairsAreMadeAtOnce) {
  RepairBudget budget;
  for (size_t i = 0; i < RepairBudget::kBurst; ++i) {
    EXPECT_LE(budget.next(), kStart);
    budget.Use(kStart);
  }
  EXPECT_EQ(budget.next(), kStart + RepairBudget::kEach);
}

TEST(RepairBudgetTest, ThenOneEveryTenSeconds) {
  RepairBudget budget;
  for (size_t i = 0; i < RepairBudget::kBurst; ++i) budget.Use(kStart);
  const Instant later = kStart + RepairBudget::kEach;
  budget.Use(later);
  EXPECT_EQ(budget.next(), later + RepairBudget::kEach);
}

TEST(RepairBudgetTest, AQuietMinuteRestoresIt) {
  RepairBudget budget;
  for (size_t i = 0; i < RepairBudget::kBurst; ++i) {
    budget.Use(kStart + static_cast<int64_t>(i) * absl::Seconds(7));
  }
  EXPECT_LE(budget.next(), kStart + RepairBudget::kWindow + absl::Seconds(14));
}

}  // namespace
}  // namespace ringwire::platform
