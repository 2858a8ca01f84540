#include "core/routing/known_sources.h"

#include <gtest/gtest.h>

#include "core/base/endian.h"

namespace ringwire {
namespace {

IpAddress AddressOf(uint32_t n) {
  std::array<uint8_t, 4> bytes;
  StoreBe32(bytes.data(), n);
  return IpAddress::V4(bytes);
}

TEST(KnownSourcesTest, KnowsWhatWasAdded) {
  KnownSources sources;
  EXPECT_FALSE(sources.Contains(*IpAddress::Parse("192.0.2.1")));
  sources.Add(*IpAddress::Parse("192.0.2.1"));
  sources.Add(*IpAddress::Parse("2001:db8::1"));
  sources.Add(IpAddress());
  EXPECT_TRUE(sources.Contains(*IpAddress::Parse("192.0.2.1")));
  EXPECT_TRUE(sources.Contains(*IpAddress::Parse("2001:db8::1")));
  EXPECT_FALSE(sources.Contains(*IpAddress::Parse("192.0.2.2")));
  EXPECT_FALSE(sources.Contains(*IpAddress::Parse("2001:db8::2")));
  sources.Clear();
  EXPECT_FALSE(sources.Contains(*IpAddress::Parse("192.0.2.1")));
}

TEST(KnownSourcesTest, WithAHundredThousandPeersItIsSeldomWrong) {
  KnownSources sources;
  for (uint32_t i = 0; i < 100'000; ++i) sources.Add(AddressOf(0x0a00'0000 + i));
  EXPECT_FALSE(sources.is_full());
  int wrong = 0;
  for (uint32_t i = 0; i < 100'000; ++i) {
    EXPECT_TRUE(sources.Contains(AddressOf(0x0a00'0000 + i)));
    if (sources.Contains(AddressOf(0xc0a8'0000 + i))) ++wrong;
  }
  EXPECT_LT(wrong, 5'000);
}

TEST(KnownSourcesTest, SaysWhenItIsFull) {
  KnownSources sources;
  for (uint32_t i = 0; i < 1'000'000 && !sources.is_full(); ++i) sources.Add(AddressOf(i * 7));
  EXPECT_TRUE(sources.is_full());
  sources.Clear();
  EXPECT_FALSE(sources.is_full());
}

TEST(KnownSourcesTest, IsNotFullOfThoseThatStillCount) {
  KnownSources sources;
  uint32_t added = 0;
  while (!sources.is_full()) sources.Add(AddressOf(7 * added++));
  sources.Clear();
  for (uint32_t i = 0; i < added; ++i) sources.Add(AddressOf(7 * i));
  sources.Rebuilt();
  EXPECT_FALSE(sources.is_full());
  while (!sources.is_full()) sources.Add(AddressOf(7 * added++));
}

}  // namespace
}  // namespace ringwire
