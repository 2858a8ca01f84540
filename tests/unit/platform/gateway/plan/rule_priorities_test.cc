#include "platform/gateway/plan/rule_priorities.h"

#include <array>
#include <vector>

#include "gtest/gtest.h"

namespace ringwire::platform {
namespace {

constexpr uint32_t kMain = 32766;

TEST(RulePlaceTest, TurnsOfOneInterfaceAreInOrderBelowTheCeiling) {
  for (const RulePlace place : {RulePlace{kMain, 0}, RulePlace{kMain, 31}, RulePlace{40, 2}}) {
    uint32_t last = 0;
    for (uint32_t turn = 0; turn < kRuleTurns; ++turn) {
      const uint32_t priority = PriorityAt(place, static_cast<RuleTurn>(turn));
      EXPECT_GT(priority, last);
      last = priority;
    }
    EXPECT_LT(last, place.ceiling);
  }
}

TEST(RulePlaceTest, WhatIsMoreSpecialOfAnyComesBeforeWhatIsLessSpecialOfAnother) {
  const RulePlace first{kMain, 0};
  const RulePlace second{kMain, 1};
  for (const auto& [one, other] : {std::pair(first, second), std::pair(second, first)}) {
    EXPECT_LT(PriorityAt(one, RuleTurn::kReturnPath), PriorityAt(other, RuleTurn::kSourcesOwn));
    EXPECT_LT(PriorityAt(one, RuleTurn::kSourcesEnd), PriorityAt(other, RuleTurn::kEverythingOwn));
  }
  EXPECT_LT(PriorityAt(second, RuleTurn::kEverythingEnd),
            PriorityAt(first, RuleTurn::kEverythingOwn))
      << "the later one first";
}

TEST(RulePlaceTest, ComesBeforeEveryRuleOfTheHostThatLeavesRoom) {
  EXPECT_EQ(ChooseRulePlace({}, {}), (RulePlace{kMain, 0}));
  const std::array<uint32_t, 5> rules = {0, 5, 32766, 5210, 32767};
  EXPECT_EQ(ChooseRulePlace(rules, {}), (RulePlace{5210, 0}));
  const std::array<uint32_t, 1> low = {13};
  EXPECT_EQ(ChooseRulePlace(low, {}), (RulePlace{13, 0}));
  EXPECT_EQ(PriorityAt({13, 0}, RuleTurn::kReturnPath), 1u);
}

TEST(RulePlaceTest, RulesOfOtherInterfacesAreNoneOfTheHost) {
  const RulePlace other{kMain, 0};
  const std::array<uint32_t, 3> rules = {PriorityAt(other, RuleTurn::kSources),
                                         PriorityAt(other, RuleTurn::kEverything), kMain};
  const std::array<RulePlace, 1> others = {other};
  EXPECT_EQ(ChooseRulePlace(rules, others), (RulePlace{kMain, 1}));
  EXPECT_EQ(ChooseRulePlace(rules, {}), (RulePlace{rules[0], 0}));
}

TEST(RulePlaceTest, TheNewestComesFirstAndAFreePlaceIsFoundWhenThatIsTaken) {
  const std::array<RulePlace, 2> gap = {RulePlace{kMain, 2}, RulePlace{kMain, 0}};
  EXPECT_EQ(ChooseRulePlace({}, gap).slot, 3u);
  const std::array<RulePlace, 2> top = {RulePlace{kMain, 31}, RulePlace{kMain, 0}};
  EXPECT_EQ(ChooseRulePlace({}, top).slot, 1u);
  const std::array<RulePlace, 1> elsewhere = {RulePlace{5000, 7}};
  EXPECT_EQ(ChooseRulePlace({}, elsewhere).slot, 0u);
  std::vector<RulePlace> all;
  for (uint32_t slot = 0; slot < 32; ++slot) all.push_back({kMain, slot});
  EXPECT_EQ(ChooseRulePlace({}, all).slot, 31u) << "they share one rather than fail";
}

}  // namespace
}  // namespace ringwire::platform
