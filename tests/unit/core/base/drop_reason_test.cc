#include "core/base/drop_reason.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>

#include "core/base/counters.h"

namespace ringwire {
namespace {

DropReason ReasonAt(size_t i) { return static_cast<DropReason>(i); }

TEST(DropReasonTest, EveryReasonHasANameOfItsOwn) {
  std::set<std::string> names;
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    const std::string name(DropReasonName(ReasonAt(i)));
    EXPECT_NE(name, "unknown");
    EXPECT_TRUE(names.insert(name).second) << name << " names two reasons";
  }
}

TEST(DropReasonTest, NamesAreFitForMetrics) {
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    const std::string name(DropReasonName(ReasonAt(i)));
    EXPECT_FALSE(name.empty());
    EXPECT_TRUE(std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    })) << name;
  }
}

TEST(DropReasonTest, ValuesAreTheSlotsOfTheCounters) {
  EXPECT_EQ(static_cast<size_t>(DropReason::kTunReadFailed), 0u);
  EXPECT_EQ(static_cast<size_t>(DropReason::kTunWriteFailed), kDropReasonCount - 1);
  EXPECT_EQ(DropReasonName(DropReason::kReplay), "replay");
}

TEST(DropReasonTest, ADropRaisesExactlyItsOwnCounter) {
  WorkerCounters counters;
  counters.Drop(DropReason::kReplay);
  counters.Drop(DropReason::kReplay, 3);
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    EXPECT_EQ(counters.Dropped(ReasonAt(i)), ReasonAt(i) == DropReason::kReplay ? 4u : 0u);
  }
}

}  // namespace
}  // namespace ringwire
