#include "platform/supervisor/socket_grants.h"

#include <gtest/gtest.h>

namespace ringwire::platform {
namespace {

constexpr Instant kStart = Instant::FromNanoseconds(1'000'000'000'000);

class SocketGrantsTest : public testing::Test {
 protected:
  SocketGrantsTest() { grants_.SetConfigured(500, 0xca6c); }
  bool Grants(const SocketGrants::Wish& wish) { return grants_.Decide(now_, wish).ok(); }

  SocketGrants grants_;
  Instant now_ = kStart;
};

TEST_F(SocketGrantsTest, GivesWhatAnyProgramMayBind) {
  EXPECT_TRUE(Grants({.port = 0}));
  EXPECT_TRUE(Grants({.port = 1024}));
  EXPECT_TRUE(Grants({.port = 65535}));
}

TEST_F(SocketGrantsTest, GivesTheLowPortOfTheConfigurationAndNoOther) {
  EXPECT_TRUE(Grants({.port = 500}));
  EXPECT_FALSE(Grants({.port = 53}));
  EXPECT_FALSE(Grants({.port = 1023}));
  EXPECT_TRUE(Grants({.port = 53, .root_asks = true}));
  EXPECT_FALSE(Grants({.port = 53})) << "what root asked for once is not the relay's for ever";
}

TEST_F(SocketGrantsTest, GivesTheMarkOfTheInterfaceAndNoOther) {
  EXPECT_TRUE(Grants({.mark = 0}));
  EXPECT_TRUE(Grants({.mark = 0xca6c}));
  EXPECT_FALSE(Grants({.mark = 0x4000}));
  EXPECT_TRUE(Grants({.mark = 0x4000, .root_asks = true}));
  EXPECT_TRUE(Grants({.mark = 0x4000}))
      << "the device has it now, and a reload may change the port";
  EXPECT_TRUE(Grants({.mark = 7, .root_asks = true}));
  EXPECT_FALSE(Grants({.mark = 0x4000})) << "the latest one counts";
}

TEST_F(SocketGrantsTest, AReloadMayGoEitherWayUntilItIsDone) {
  grants_.AlsoAllow(501, 7);
  for (const uint16_t port : std::initializer_list<uint16_t>{500, 501})
    EXPECT_TRUE(Grants({.port = port}));
  for (const uint32_t mark : {0xca6cU, 7U}) EXPECT_TRUE(Grants({.mark = mark}));
  grants_.SetConfigured(501, 7);
  EXPECT_FALSE(Grants({.port = 500}));
  EXPECT_FALSE(Grants({.mark = 0xca6c}));
  EXPECT_TRUE(Grants({.port = 501, .mark = 7}));
}

TEST_F(SocketGrantsTest, GivesSomeAMinuteToWhomeverAsks) {
  for (int i = 0; i < SocketGrants::kBurst; ++i) EXPECT_TRUE(Grants({.root_asks = true})) << i;
  EXPECT_TRUE(absl::IsResourceExhausted(grants_.Decide(now_, {.root_asks = true})));
  now_ = now_ + SocketGrants::kEach;
  EXPECT_TRUE(Grants({}));
  EXPECT_FALSE(Grants({}));
  now_ = now_ + absl::Hours(1);
  for (int i = 0; i < SocketGrants::kBurst; ++i) EXPECT_TRUE(Grants({})) << i;
  EXPECT_FALSE(Grants({}));
}

TEST_F(SocketGrantsTest, WhatTheSupervisorAsksForIsNotCounted) {
  for (int i = 0; i < SocketGrants::kBurst; ++i) EXPECT_TRUE(Grants({}));
  EXPECT_FALSE(Grants({}));
  grants_.Expect();
  EXPECT_TRUE(Grants({.port = 500, .mark = 0xca6c}));
  EXPECT_FALSE(Grants({}));
}

}  // namespace
}  // namespace ringwire::platform
