#include "crypto/random.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "tests/unit/crypto/hex.h"

namespace ringwire::crypto {
namespace {

// 1, 2, 3, ... over all calls.
class CountingRandom final : public Random {
 public:
  void Fill(std::span<uint8_t> out) override {
    for (uint8_t& byte : out) byte = ++last_;
  }

 private:
  uint8_t last_ = 0;
};

TEST(RandomTest, NumbersAreLittleEndianAndConsumeTheirSize) {
  CountingRandom random;
  EXPECT_EQ(random.Uint32(), 0x04030201u);
  EXPECT_EQ(random.Uint64(), 0x0c0b0a0908070605u);
}

// By chance these could fail once in 2^120 runs.
TEST(SystemRandomTest, FillsDifferWithinAndAcrossThreads) {
  constexpr size_t kThreads = 2;
  constexpr size_t kFills = 64;
  SystemRandom random;
  std::array<std::array<std::array<uint8_t, 16>, kFills>, kThreads> fills{};
  std::array<std::thread, kThreads> threads;
  for (size_t i = 0; i < kThreads; ++i) {
    threads[i] = std::thread([&random, &mine = fills[i]] {
      for (auto& fill : mine) random.Fill(fill);
    });
  }
  for (std::thread& thread : threads) thread.join();

  std::set<std::array<uint8_t, 16>> distinct;
  for (const auto& of_thread : fills) distinct.insert(of_thread.begin(), of_thread.end());
  EXPECT_EQ(distinct.size(), kThreads * kFills);
}

TEST(SystemRandomTest, AcceptsAnEmptyBuffer) {
  SystemRandom random;
  std::array<uint8_t, 1> untouched = {0x5a};
  random.Fill(std::span<uint8_t>(untouched).first(0));
  EXPECT_EQ(untouched[0], 0x5a);
}

}  // namespace
}  // namespace ringwire::crypto
