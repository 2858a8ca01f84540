#include "platform/portal/source_limits.h"

#include <gtest/gtest.h>

#include "platform/portal/portal_limits.h"

namespace ringwire::platform {
namespace {

const Instant kStart = Instant::FromNanoseconds(1'000'000'000);

IpAddress Address(const char* text) { return *IpAddress::Parse(text); }

TEST(SourceLimitsTest, AnIpv6NetworkOfOneCustomerIsOneSource) {
  EXPECT_EQ(SourceOf(Address("2001:db8::1")), SourceOf(Address("2001:db8::ffff:1:2:3")));
  EXPECT_NE(SourceOf(Address("2001:db8::1")), SourceOf(Address("2001:db8:0:1::1")));
  EXPECT_EQ(SourceOf(Address("192.0.2.1")), Address("192.0.2.1"));
  EXPECT_EQ(Unmapped(Address("::ffff:192.0.2.1")), Address("192.0.2.1"));
  EXPECT_EQ(Unmapped(Address("2001:db8::1")), Address("2001:db8::1"));
}

TEST(SourceLimitsTest, OneSourceHasFewStrangersAndTakesNothingFromOthers) {
  SourceLimits limits;
  for (size_t i = 0; i < kStrangersOfSourceMax; ++i) {
    EXPECT_TRUE(limits.Admit(Address("192.0.2.1"), kStart));
  }
  EXPECT_FALSE(limits.Admit(Address("192.0.2.1"), kStart));
  EXPECT_TRUE(limits.Admit(Address("192.0.2.2"), kStart));
  limits.Leave(Address("192.0.2.1"));
  EXPECT_TRUE(limits.Admit(Address("192.0.2.1"), kStart));
  EXPECT_FALSE(limits.Admit(Address("192.0.2.1"), kStart));
}

TEST(SourceLimitsTest, OneSourceConnectsAtABoundedRate) {
  SourceLimits limits;
  int admitted = 0;
  const auto connect = [&](Instant now) {
    if (!limits.Admit(Address("192.0.2.1"), now)) return;
    ++admitted;
    limits.Leave(Address("192.0.2.1"));
  };
  for (int i = 0; i < 2 * kAcceptBurst; ++i) connect(kStart);
  EXPECT_EQ(admitted, kAcceptBurst);
  for (int i = 0; i < kAcceptBurst; ++i) connect(kStart + absl::Seconds(1));
  EXPECT_EQ(admitted, kAcceptBurst + kAcceptsPerSecond);
}

TEST(SourceLimitsTest, ForgetsSourcesWithoutAConnection) {
  SourceLimits limits;
  const IpAddress stays = Address("192.0.2.1");
  for (size_t i = 0; i < kStrangersOfSourceMax; ++i) EXPECT_TRUE(limits.Admit(stays, kStart));
  IpAddress source = Address("2001:db8::");
  for (size_t i = 0; i < 2 * kSourcesMax; ++i) {
    source.bytes[4] = static_cast<uint8_t>(i);
    source.bytes[5] = static_cast<uint8_t>(i >> 8);
    source.bytes[6] = static_cast<uint8_t>(i >> 16);
    EXPECT_TRUE(limits.Admit(source, kStart));
    limits.Leave(source);
  }
  EXPECT_LE(limits.sources(), kSourcesMax);
  EXPECT_FALSE(limits.Admit(stays, kStart)) << "its connections are remembered";
}

}  // namespace
}  // namespace ringwire::platform
