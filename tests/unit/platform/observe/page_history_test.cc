#include "platform/observe/page_history.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace ringwire::platform {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);

InterfaceStatus StatusOf(const std::string& name, uint64_t received, uint64_t sent,
                         std::vector<uint64_t> cpu_us = {0}) {
  StatusReport report;
  report.interface_name = name;
  for (size_t i = 0; i < cpu_us.size(); ++i) {
    report.workers.push_back(
        {i, "epoll", {{"tun_read_bytes", sent}, {"tun_write_bytes", received}}, cpu_us[i]});
  }
  return {name, report};
}

TEST(PageHistoryTest, AddsUpWhatTheWorkersCarried) {
  PageHistory history;
  history.Add(kStart, std::vector{StatusOf("wg0", 10, 3, {0, 0})});
  ASSERT_EQ(history.SamplesOf("wg0").size(), 1U);
  EXPECT_EQ(history.SamplesOf("wg0").front().received_bytes, 20U);
  EXPECT_EQ(history.SamplesOf("wg0").front().transmitted_bytes, 6U);
}

TEST(PageHistoryTest, KeepsFifteenMinutesAndNoMore) {
  PageHistory history;
  for (uint64_t i = 0; i < 1000; ++i) {
    history.Add(kStart + static_cast<int64_t>(i) * kPageSampleInterval,
                std::vector{StatusOf("wg0", i, 0)});
  }
  const auto& samples = history.SamplesOf("wg0");
  EXPECT_EQ(samples.size(), PageHistory::kSamplesMax);
  EXPECT_EQ(samples.back().time - samples.front().time, kPageHistorySpan);
  EXPECT_EQ(samples.back().received_bytes, 999U);
}

TEST(PageHistoryTest, ForgetsOldSamplesAlsoIfFewCame) {
  PageHistory history;
  history.Add(kStart, std::vector{StatusOf("wg0", 1, 0)});
  history.Add(kStart + absl::Hours(1), std::vector{StatusOf("wg0", 2, 0)});
  EXPECT_EQ(history.SamplesOf("wg0").size(), 1U);
  // The clock was set back.
  history.Add(kStart, std::vector{StatusOf("wg0", 3, 0)});
  ASSERT_EQ(history.SamplesOf("wg0").size(), 1U);
  EXPECT_EQ(history.SamplesOf("wg0").front().received_bytes, 3U);
}

TEST(PageHistoryTest, ForgetsInterfacesThatAreGone) {
  PageHistory history;
  history.Add(kStart, std::vector{StatusOf("wg0", 1, 0), StatusOf("wg1", 1, 0)});
  history.Add(kStart + kPageSampleInterval, std::vector{StatusOf("wg1", 1, 0)});
  EXPECT_TRUE(history.SamplesOf("wg0").empty());
  EXPECT_EQ(history.SamplesOf("wg1").size(), 2U);
}

TEST(PageHistoryTest, AServiceThatDoesNotAnswerKeepsItsPast) {
  PageHistory history;
  history.Add(kStart, std::vector{StatusOf("wg0", 1, 0)});
  history.Add(kStart + kPageSampleInterval, std::vector{InterfaceStatus{"wg0", std::nullopt}});
  EXPECT_EQ(history.SamplesOf("wg0").size(), 1U);
}

TEST(PageHistoryTest, IsBoundedInInterfaces) {
  PageHistory history;
  std::vector<InterfaceStatus> many;
  for (int i = 0; i < 100; ++i) many.push_back(StatusOf("wg" + std::to_string(i), 1, 0));
  history.Add(kStart, many);
  EXPECT_EQ(history.SamplesOf("wg63").size(), 1U);
  EXPECT_TRUE(history.SamplesOf("wg64").empty());
}

TEST(PageHistoryTest, LoadIsTheCpuTimeBetweenTheLastTwoSamples) {
  PageHistory history;
  EXPECT_EQ(history.LoadOf("wg0", 0), 0);
  history.Add(kStart, std::vector{StatusOf("wg0", 0, 0, {1'000'000, 0})});
  EXPECT_EQ(history.LoadOf("wg0", 0), 0);
  history.Add(kStart + absl::Seconds(5),
              std::vector{StatusOf("wg0", 0, 0, {2'250'000, 5'000'000})});
  EXPECT_DOUBLE_EQ(history.LoadOf("wg0", 0), 0.25);
  EXPECT_DOUBLE_EQ(history.LoadOf("wg0", 1), 1);
  EXPECT_EQ(history.LoadOf("wg0", 2), 0);
  // The service began anew.
  history.Add(kStart + absl::Seconds(10), std::vector{StatusOf("wg0", 0, 0, {7, 7})});
  EXPECT_EQ(history.LoadOf("wg0", 0), 0);
}

}  // namespace
}  // namespace ringwire::platform
