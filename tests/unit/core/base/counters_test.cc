#include "core/base/counters.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

namespace ringwire {
namespace {

TEST(CountersTest, EachCounterHasANameOfItsOwnThatFitsMetrics) {
  std::set<std::string> names;
  WorkerCounters().ForEach([&names](std::string_view name, uint64_t value) {
    EXPECT_EQ(value, 0u);
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), name.npos) << name;
    EXPECT_TRUE(names.emplace(name).second) << name << " names two counters";
  });
}

// Also of one that somebody declares beside the table.
TEST(CountersTest, NoCounterIsLeftOut) {
  size_t count = 0;
  WorkerCounters counters;
  counters.ForEach([&count](std::string_view, uint64_t) { ++count; });
  const auto* const begin = reinterpret_cast<const char*>(&counters);
  const auto* const drops = reinterpret_cast<const char*>(&counters.dropped);
  EXPECT_EQ(count * sizeof(Counter), static_cast<size_t>(drops - begin));
}

TEST(CountersTest, ACountAppearsUnderItsName) {
  WorkerCounters counters;
  counters.spins_that_found.Add(3);
  counters.ForEach([](std::string_view name, uint64_t value) {
    EXPECT_EQ(value, name == "spins_that_found" ? 3u : 0u) << name;
  });
}

}  // namespace
}  // namespace ringwire
