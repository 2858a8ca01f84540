// Gateways that run for a day of virtual time without a restart, in all kinds of trouble. `./dev
// soak` runs this program as
//   sim_test --gtest_filter=Soak.*
// with RINGWIRE_SOAK_HOURS=N and RINGWIRE_SOAK_SEED=N.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "tests/sim/driver.h"
#include "tests/sim/world.h"

namespace ringwire {
namespace {

// A test run's share.
constexpr uint64_t kHoursByDefault = 4;
constexpr uint64_t kSeedByDefault = 2;
// Of each host, for what may grow by design: the timestamps of a day's former keys.
constexpr size_t kGrowthBytesMax = 64 * 1024;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Outcome {
  std::string violations;
  uint64_t sent = 0;
  uint64_t delivered = 0;
  uint64_t datagrams = 0;
  World::Drops drops{};
  std::vector<size_t> node_bytes{};
};

// The checkers of the world account for each packet of each host: it is on the wire, delivered,
// with control, or dropped and counted.
Outcome Soak(uint64_t seed, uint64_t hours) {
  World world(seed);
  for (uint64_t hour = 0; hour < hours; ++hour) {
    MakeTrouble(world, absl::Hours(1), Restarts::kNone);
    world.Heal();
    world.CheckResumes(absl::Seconds(30));
  }
  world.CheckComesToRest();
  return {world.violations().ToString(), world.sent_count(), world.delivered_count(),
          world.wiretap().count(),       world.drops(),      world.node_bytes()};
}

std::string TextOf(const Outcome& outcome) {
  std::string text = fmt::format("{} packets sent, {} delivered, {} datagrams; dropped:\n",
                                 outcome.sent, outcome.delivered, outcome.datagrams);
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    if (outcome.drops[i] == 0) continue;
    text += fmt::format("{:10} {}\n", outcome.drops[i], DropReasonName(static_cast<DropReason>(i)));
  }
  return text;
}

TEST(Soak, ADayLeavesNothingBehind) {
  const uint64_t hours = FromEnvironment("RINGWIRE_SOAK_HOURS", kHoursByDefault);
  const uint64_t seed = FromEnvironment("RINGWIRE_SOAK_SEED", kSeedByDefault);
  const Outcome an_hour = Soak(seed, 1);
  const Outcome all = Soak(seed, hours);
  std::string text = fmt::format("seed {}, {} hours: {}", seed, hours, TextOf(all));
  EXPECT_EQ(an_hour.violations, "");
  EXPECT_EQ(all.violations, "");
  ASSERT_EQ(all.node_bytes.size(), an_hour.node_bytes.size());
  for (size_t host = 0; host < all.node_bytes.size(); ++host) {
    text += fmt::format("host {}: {} bytes after an hour, {} after {}\n", host,
                        an_hour.node_bytes[host], all.node_bytes[host], hours);
    EXPECT_LE(all.node_bytes[host], an_hour.node_bytes[host] + kGrowthBytesMax);
  }
  std::fputs(text.c_str(), stdout);
}

}  // namespace
}  // namespace ringwire
