// The core against a reference model of the protocol, by random operations in virtual time.
// `./dev fuzz-model` runs it for as long as one likes; the test run has a share of seconds.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "tests/model/trial.h"

namespace ringwire::model {
namespace {

constexpr size_t kOperations = 400;
// Seeds 1 to this in a test run: most of a minute with a sanitizer. They cover each rule of the
// model more than once.
constexpr uint64_t kTrials = 600;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// The shortest list that shows the fault, and how to run it again.
std::string Report(uint64_t seed, std::vector<Operation> operations) {
  operations = Shrink(seed, std::move(operations));
  std::string text = RunTrial(seed, operations).violation + "\n";
  for (const Operation& operation : operations) text += "  " + ToText(operation) + "\n";
  return text + fmt::format("to run it again: ./dev fuzz-model --seed={}", seed);
}

TEST(ModelFuzz, TheCoreDoesWhatTheProtocolSays) {
  const uint64_t first = FromEnvironment("RINGWIRE_MODEL_SEED", 1);
  const uint64_t trials = FromEnvironment("RINGWIRE_MODEL_TRIALS", kTrials);
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::seconds(FromEnvironment("RINGWIRE_MODEL_SECONDS", 0));
  std::map<std::string, int> coverage;
  uint64_t run = 0;
  while (run < trials || std::chrono::steady_clock::now() < end) {
    const uint64_t seed = first + run++;
    std::vector<Operation> operations = RandomOperations(seed, kOperations);
    const TrialResult result = RunTrial(seed, operations);
    for (const auto& [rule, times] : result.coverage) coverage[rule] += times;
    if (result.violation.empty()) continue;
    operations.resize(result.operations);
    FAIL() << Report(seed, std::move(operations));
  }
  std::string table =
      fmt::format("seeds {} to {}, {} operations each; times that each rule was at work:\n", first,
                  first + run - 1, kOperations);
  for (const auto& [rule, times] : coverage) table += fmt::format("{:10} {}\n", times, rule);
  std::fputs(table.c_str(), stdout);
  if (run < kTrials) return;
  // May only grow: a rule that no trial reaches any more tests nothing.
  EXPECT_GE(coverage.size(), 27u) << table;
}

}  // namespace
}  // namespace ringwire::model
