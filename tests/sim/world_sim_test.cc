// Random worlds, each determined by one number. `./dev sim` runs this program as
//   sim_test --gtest_filter=WorldSim.*
// with RINGWIRE_SIM_SEED=N to repeat one world, or RINGWIRE_SIM_SEEDS=COUNT to see that many (from
// seed 1).

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "tests/sim/driver.h"
#include "tests/sim/world.h"

namespace ringwire {
namespace {

// The worlds of `./dev test`; the shards run in parallel.
constexpr uint64_t kSeedsByDefault = 400;
constexpr uint64_t kShards = 4;

// Traffic is back this long after the last trouble: 15 s until a host notices the silence, then at
// most two handshake intervals of 5 s with jitter; the rest is margin.
const absl::Duration kResumeBound = absl::Seconds(30);

std::optional<uint64_t> FromEnvironment(const char* name) {
  const char* const text = std::getenv(name);
  if (text == nullptr || *text == '\0') return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

// The events that the worlds must have met, or they prove little.
constexpr DropReason kExpectedTroubles[] = {
    DropReason::kPeerHasNoEndpoint,    DropReason::kStagedQueueFull,
    DropReason::kStagedAbandoned,      DropReason::kDeviceDown,
    DropReason::kUnknownMessageType,   DropReason::kInvalidMac1,
    DropReason::kCookieRequired,       DropReason::kUnknownPeer,
    DropReason::kResponseUnknownIndex, DropReason::kResponseInvalid,
    DropReason::kUnknownReceiverIndex, DropReason::kKeypairExpired,
    DropReason::kTransportInvalid,     DropReason::kReplay,
};
// Fewer worlds need not have met all of them.
constexpr uint64_t kSeedsForAllTroubles = 300;

struct Outcome {
  std::string violations;
  uint64_t wire_hash = 0;
  uint64_t datagrams = 0;
  uint64_t initiations = 0;
  uint64_t delivered = 0;
  World::Drops drops{};
  World::SuiteCounts sent_by_suite{};
};

Outcome RunWorld(uint64_t seed, bool trace = false) {
  World world(seed, trace);
  for (int round = 0; round < 2; ++round) {
    MakeTrouble(world, absl::Minutes(1 + static_cast<int64_t>(world.random().Below(8))));
    world.Heal();
    world.CheckResumes(kResumeBound);
  }
  world.CheckComesToRest();
  return {world.violations().ToString(), world.wiretap().hash(),  world.wiretap().count(),
          world.wiretap().initiations(), world.delivered_count(), world.drops(),
          world.sent_by_suite()};
}

class WorldSim : public testing::TestWithParam<uint64_t> {};

TEST_P(WorldSim, EveryPromiseIsKept) {
  const std::optional<uint64_t> only = FromEnvironment("RINGWIRE_SIM_SEED");
  const uint64_t first = only.value_or(1);
  const uint64_t count =
      only.has_value() ? 1 : FromEnvironment("RINGWIRE_SIM_SEEDS").value_or(kSeedsByDefault);
  const bool trace = only.has_value() && FromEnvironment("RINGWIRE_SIM_TRACE").has_value();
  Outcome sum;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    if (seed % kShards != GetParam()) continue;
    const Outcome outcome = RunWorld(seed, trace);
    EXPECT_EQ(outcome.violations, "") << "reproduce: ./dev sim --seed=" << seed;
    sum.datagrams += outcome.datagrams;
    sum.initiations += outcome.initiations;
    sum.delivered += outcome.delivered;
    for (size_t i = 0; i < sum.sent_by_suite.size(); ++i) {
      sum.sent_by_suite[i] += outcome.sent_by_suite[i];
    }
    for (size_t i = 0; i < kDropReasonCount; ++i) sum.drops[i] += outcome.drops[i];
  }
  RecordProperty("datagrams", std::to_string(sum.datagrams));
  RecordProperty("initiations", std::to_string(sum.initiations));
  RecordProperty("delivered", std::to_string(sum.delivered));
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    RecordProperty(std::string(DropReasonName(static_cast<DropReason>(i))),
                   std::to_string(sum.drops[i]));
  }
  if (count < kSeedsForAllTroubles) return;
  for (const uint64_t sent : sum.sent_by_suite) EXPECT_GT(sent, 1'000u) << "both suites are in use";
  for (const DropReason reason : kExpectedTroubles) {
    EXPECT_GT(sum.drops[static_cast<size_t>(reason)], 0u) << DropReasonName(reason);
  }
}

TEST_P(WorldSim, ASeedIsARun) {
  const std::optional<uint64_t> only = FromEnvironment("RINGWIRE_SIM_SEED");
  const uint64_t seed = only.value_or(GetParam() + 1);
  if (only.has_value() && seed % kShards != GetParam()) return;
  const Outcome once = RunWorld(seed);
  const Outcome again = RunWorld(seed);
  EXPECT_EQ(once.wire_hash, again.wire_hash) << "reproduce: ./dev sim --seed=" << seed;
  EXPECT_GT(once.datagrams, 0u);
}

INSTANTIATE_TEST_SUITE_P(, WorldSim, testing::Range(uint64_t{0}, kShards));

}  // namespace
}  // namespace ringwire
