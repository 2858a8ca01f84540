#include "platform/gateway/host/apply.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <utility>

#include "core/config/gateway_config.h"
#include "fmt/format.h"
#include "platform/base/unique_fd.h"
#include "platform/gateway/host/sysctl_holders.h"
#include "platform/netlink/netlink.h"
#include "platform/process/program.h"
#include "tests/unit/platform/gateway/host/apply_fixture.h"
#include "tests/unit/platform/netlink/has_route.h"

namespace ringwire::platform {
namespace {

TEST_F(ApplyTest, DownUndoesEverythingAndHooksHaveTheirPlaces) {
  ASSERT_TRUE(ApplySteps(Steps(), &*host_, &*journal_).ok());
  EXPECT_EQ(Noted(), "pre-up post-up ");
  EXPECT_TRUE(HasAddress("10.7.0.1/24"));
  EXPECT_EQ(RoutesOfTable(), 1U);
  EXPECT_EQ(ReadSysctl(kSysctl), "1");
  ASSERT_TRUE(Undo(&*host_, &*journal_, IsAny).ok());
  EXPECT_EQ(Noted(), "pre-up post-up pre-down interface post-down ");
  ExpectAsBefore();
  EXPECT_TRUE(Undo(&*host_, &*journal_, IsAny).ok()) << "twice is harmless";
  EXPECT_EQ(Noted(), "pre-up post-up pre-down interface post-down ");
}

TEST_F(ApplyTest, HooksOfTheWayDownRunInTheOrderOfTheFileAlsoAfterAReload) {
  Plan before;
  before.steps = {{{}, NoteBy("PostDown", "b", 1)}, {{}, NoteBy("PostDown", "a", 0)}};
  ASSERT_TRUE(ApplySteps(before.steps, &*host_, &*journal_).ok());
  Plan after;
  for (const auto& [word, place] : {std::pair("a", 3U), {"c", 2U}, {"b", 1U}, {"a", 0U}}) {
    after.steps.push_back({{}, NoteBy("PostDown", word, place)});
  }
  ASSERT_TRUE(
      ApplyDifference(before, after, &*host_, &*journal_, [] { return absl::OkStatus(); }).ok());
  ASSERT_TRUE(Undo(&*host_, &*journal_, IsAny).ok());
  EXPECT_EQ(Noted(), "a b c a ");
}

// All of these end otherwise in a plain `bash -c`.

TEST_F(ApplyTest, HooksRunAsInWgQuick) {
  if (!FindProgram("bash").has_value()) GTEST_SKIP() << "SKIP: needs bash";
  EXPECT_FALSE(host_->Apply(action::RunHook{"PostUp", "false; true"}).ok());
  EXPECT_FALSE(host_->Apply(action::RunHook{"PostUp", "false | true"}).ok());
  EXPECT_TRUE(
      host_->Apply(action::RunHook{"PostUp", "case aa in +(a)) ;; *) exit 1 ;; esac"}).ok());
  EXPECT_TRUE(host_->Apply(action::RunHook{"PostUp", "false || true"}).ok());
}

TEST_F(ApplyTest, WhatAHookWaitsForIsDoneMeanwhile) {
  std::array<int, 2> question{};
  std::array<int, 2> answer{};
  ASSERT_EQ(::pipe(question.data()), 0);
  ASSERT_EQ(::pipe(answer.data()), 0);
  const std::array<UniqueFd, 4> closed_at_the_end{UniqueFd(question[0]), UniqueFd(question[1]),
                                                  UniqueFd(answer[0]), UniqueFd(answer[1])};
  int asked = 0;
  host_->set_while_hook({question[0], [&] {
                           char byte = 0;
                           EXPECT_EQ(::read(question[0], &byte, 1), 1);
                           EXPECT_EQ(::write(answer[1], "yes\n", 4), 4);
                           ++asked;
                           return true;
                         }});
  const std::string ask = fmt::format("printf . >&{}; read -r word <&{}; ", question[1], answer[0]);
  EXPECT_TRUE(host_->Apply(action::RunHook{"PreDown", ask + ask + "[ \"$word\" = yes ]"}).ok());
  EXPECT_EQ(asked, 2);
}

TEST_F(ApplyTest, WhatGoesWithTheInterfaceIsLeftToThat) {
  ASSERT_TRUE(ApplySteps(Steps(), &*host_, &*journal_).ok());
  ASSERT_TRUE(Undo(&*host_, &*journal_, IsAny).ok());
  EXPECT_TRUE(had_addresses_at_end_);
  ExpectAsBefore();
}

TEST_F(ApplyTest, AFailureOfAnyStepRollsAllOfThemBack) {
  const std::vector<Step> steps = Steps();
  for (size_t i = 0; i <= steps.size(); ++i) {
    std::vector<Step> failing = steps;
    failing.insert(failing.begin() + static_cast<std::ptrdiff_t>(i),
                   {action::RunHook{"PostUp", "exit 3"}, {}});
    const absl::Status status = ApplySteps(failing, &*host_, &*journal_);
    EXPECT_EQ(status.message(), "run PostUp = exit 3: it ended with exit code 3") << i;
    ExpectAsBefore();
  }
}

TEST_F(ApplyTest, AFailureLeavesWhatWasThereBeforeTheCall) {
  ASSERT_TRUE(ApplySteps({{action::CreateInterface{}, action::DeleteInterface{}},
                          AddressStep("10.7.0.1/24")},
                         &*host_, &*journal_)
                  .ok());
  EXPECT_FALSE(ApplySteps({AddressStep("10.7.1.1/24"), {action::RunHook{"PostUp", "false"}, {}}},
                          &*host_, &*journal_)
                   .ok());
  EXPECT_TRUE(HasAddress("10.7.0.1/24"));
  EXPECT_FALSE(HasAddress("10.7.1.1/24"));
  EXPECT_EQ(journal_->entries().size(), 2U);
}

TEST_F(ApplyTest, AChangeIsInTheJournalBeforeItIsMade) {
  const std::string copy = folder_ + "/copy";
  const action::RunHook look{"PreUp", "cp " + Journal::PathOf(folder_, "wg0") + " " + copy};
  ASSERT_TRUE(ApplySteps({{look, NoteBy("PostDown", "undone")}}, &*host_, &*journal_).ok());
  std::ifstream file(copy);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(text.find("undone"), std::string::npos) << text;
}

TEST_F(ApplyTest, WhatWasSoBeforeIsNotUndone) {
  const std::vector<Step> link = {{action::CreateInterface{}, action::DeleteInterface{}},
                                  {action::SetLinkUp{}, {}}};
  ASSERT_TRUE(ApplySteps(link, &*host_, &*journal_).ok());
  const Step address = AddressStep("10.7.0.1/24");
  const Step route = RouteStep("10.8.0.0/16");
  for (const Step& step : {address, route}) ASSERT_TRUE(host_->Apply(*step.apply).ok());
  ASSERT_TRUE(ApplySteps({address, route}, &*host_, &*journal_).ok());
  EXPECT_EQ(journal_->entries().size(), 1U) << "the interface's";
  ASSERT_TRUE(Undo(&*host_, &*journal_, [](const Journal::Entry& entry) {
                return !std::holds_alternative<action::DeleteInterface>(entry.undo);
              }).ok());
  EXPECT_TRUE(HasAddress("10.7.0.1/24"));
  EXPECT_EQ(RoutesOfTable(), 1U);
}

TEST_F(ApplyTest, ARouteOfSomebodyElseIsAnErrorAndStays) {
  absl::StatusOr<TunDevice> other = CreateTunDevice({.name = "eth0"});
  ASSERT_TRUE(other.ok()) << other.status();
  platform::SetLinkUp("eth0", true);
  absl::StatusOr<RouteNetlink> netlink = RouteNetlink::Open();
  const Route theirs{Route::Type::kInterface, *Prefix::Parse("10.8.0.0/16"), kTable, 0};
  ASSERT_TRUE(netlink->AddRoute(theirs, other->interface_index).ok());
  const absl::Status status = ApplySteps(Steps(), &*host_, &*journal_);
  EXPECT_NE(status.message().find("add the route 10.8.0.0/16"), absl::string_view::npos) << status;
  EXPECT_NE(status.message().find("`ip route show table 51820 10.8.0.0/16`"),
            absl::string_view::npos);
  EXPECT_FALSE(tun_.has_value());
  EXPECT_TRUE(journal_->entries().empty());
  EXPECT_TRUE(HasRoute(&*netlink, theirs, other->interface_index));
}

TEST_F(ApplyTest, UndoingGoesOnAfterAFailureAndKeepsWhatFailed) {
  ASSERT_TRUE(journal_->Record(NoteBy("PostDown", "post-down"), false).ok());
  ASSERT_TRUE(journal_->Record(action::SetSysctl{kSysctl, "junk", "0"}, true).ok());
  ASSERT_TRUE(journal_->Record(action::RunHook{"PreDown", "exit 1"}, false).ok());
  const absl::Status status = Undo(&*host_, &*journal_, IsAny);
  EXPECT_EQ(status.message(), "run PreDown = exit 1: it ended with exit code 1") << "the first one";
  EXPECT_EQ(Noted(), "post-down ");
  ASSERT_EQ(journal_->entries().size(), 1U) << "a hook is not run twice";
  EXPECT_EQ(journal_->entries().front().id, 2U);
}

TEST_F(ApplyTest, ACrashLeavesWhatKeepsTrafficIn) {
  std::vector<Step> steps = Steps();
  for (Step& step : steps) {
    const action::AddRoute* const add =
        step.apply.has_value() ? std::get_if<action::AddRoute>(&*step.apply) : nullptr;
    step.stays_after_crash = add != nullptr && add->route.type == Route::Type::kUnreachable;
  }
  ASSERT_TRUE(ApplySteps(steps, &*host_, &*journal_).ok());
  tun_.reset();  // with its process
  host_->set_interface_index(0);
  ASSERT_TRUE(Undo(&*host_, &*journal_, [](const Journal::Entry& entry) {
                return !entry.stays_after_crash;
              }).ok());
  EXPECT_EQ(ReadSysctl(kSysctl), "0");
  EXPECT_EQ(RoutesOfTable(), 1U);
  ASSERT_TRUE(Undo(&*host_, &*journal_, IsAny).ok());
  ExpectAsBefore();
}

TEST_F(ApplyTest, ASysctlThatSomebodyHasChangedSinceIsLeftAlone) {
  ASSERT_TRUE(ApplySteps({SysctlStep()}, &*host_, &*journal_).ok());
  ASSERT_TRUE(host_->Apply(action::SetSysctl{kSysctl, "2", {}}).ok());
  if (ReadSysctl(kSysctl) != "2") GTEST_SKIP() << "SKIP: this kernel takes 0 and 1 only";
  ASSERT_TRUE(Undo(&*host_, &*journal_, IsAny).ok());
  EXPECT_EQ(ReadSysctl(kSysctl), "2");
}

TEST_F(ApplyTest, ADifferenceTouchesOnlyWhatDiffersAndRunsNoHooks) {
  Plan before;
  before.steps = Steps();
  ASSERT_TRUE(ApplySteps(before.steps, &*host_, &*journal_).ok());
  Plan after = before;
  after.steps[3] = AddressStep("10.7.0.2/24");
  after.steps[6] = RouteStep("10.10.0.0/16");
  after.steps[8] = {{}, NoteBy("PreDown", "other-pre-down")};
  bool new_is_there = false;
  const auto commit = [&] {
    new_is_there = HasAddress("10.7.0.2/24") && HasAddress("10.7.0.1/24");
    return absl::OkStatus();
  };
  ASSERT_TRUE(ApplyDifference(before, after, &*host_, &*journal_, commit).ok());
  EXPECT_TRUE(new_is_there);
  EXPECT_TRUE(HasAddress("10.7.0.2/24"));
  EXPECT_FALSE(HasAddress("10.7.0.1/24"));
  absl::StatusOr<RouteNetlink> netlink = RouteNetlink::Open();
  const auto has = [&](const char* prefix) {
    return HasRoute(&*netlink, {Route::Type::kInterface, *Prefix::Parse(prefix), kTable, 0},
                    host_->interface_index());
  };
  EXPECT_TRUE(has("10.10.0.0/16"));
  EXPECT_FALSE(has("10.8.0.0/16"));
  EXPECT_EQ(Noted(), "pre-up post-up ");
  ASSERT_TRUE(Undo(&*host_, &*journal_, IsAny).ok());
  EXPECT_EQ(Noted(), "pre-up post-up other-pre-down interface post-down ");
  ExpectAsBefore();
}

TEST_F(ApplyTest, ADifferenceThatFailsLeavesTheOldPlanInForce) {
  Plan before;
  before.steps = Steps();
  ASSERT_TRUE(ApplySteps(before.steps, &*host_, &*journal_).ok());
  const size_t entries = journal_->entries().size();
  Plan after = before;
  after.steps[3] = AddressStep("10.7.0.2/24");
  after.steps[8] = {{}, NoteBy("PreDown", "other-pre-down")};
  const auto commit = [] { return absl::InvalidArgumentError("as the test says"); };
  EXPECT_EQ(ApplyDifference(before, after, &*host_, &*journal_, commit).message(),
            "as the test says");
  EXPECT_TRUE(HasAddress("10.7.0.1/24"));
  EXPECT_FALSE(HasAddress("10.7.0.2/24"));
  after.steps[6] = AddressStep("ff02::9/64");
  EXPECT_FALSE(
      ApplyDifference(before, after, &*host_, &*journal_, [] { return absl::OkStatus(); }).ok());
  EXPECT_TRUE(HasAddress("10.7.0.1/24"));
  EXPECT_FALSE(HasAddress("10.7.0.2/24"));
  EXPECT_EQ(ReadSysctl(kSysctl), "1");
  EXPECT_EQ(journal_->entries().size(), entries);
  EXPECT_EQ(Noted(), "pre-up post-up ") << "no hook was run";
  ASSERT_TRUE(Undo(&*host_, &*journal_, IsAny).ok());
  EXPECT_EQ(Noted(), "pre-up post-up pre-down interface post-down ");
  ExpectAsBefore();
}

TEST_F(ApplyTest, ADifferenceThatFailsBringsBackAlsoWhatIsInBothPlans) {
  Plan plan;
  plan.steps = Steps();
  ASSERT_TRUE(ApplySteps(plan.steps, &*host_, &*journal_).ok());
  const auto commit = [&] {
    for (const size_t step : {6U, 7U}) EXPECT_TRUE(host_->Apply(*plan.steps[step].undo).ok());
    EXPECT_EQ(RoutesOfTable(), 0U);
    return absl::InternalError("as the test says");
  };
  EXPECT_FALSE(ApplyDifference(plan, plan, &*host_, &*journal_, commit).ok());
  absl::StatusOr<RouteNetlink> netlink = RouteNetlink::Open();
  for (const size_t step : {6U, 7U}) {
    const Route& route = std::get<action::AddRoute>(*plan.steps[step].apply).route;
    EXPECT_TRUE(HasRoute(&*netlink, route, host_->interface_index())) << step;
  }
}

TEST_F(ApplyTest, TheSamePlanAgainBringsBackWhatSomebodyRemoved) {
  Plan plan;
  plan.steps = Steps();
  ASSERT_TRUE(ApplySteps(plan.steps, &*host_, &*journal_).ok());
  const size_t entries = journal_->entries().size();
  ASSERT_TRUE(host_->Apply(*plan.steps[6].undo).ok());
  ASSERT_TRUE(host_->Apply(*plan.steps[7].undo).ok());
  EXPECT_EQ(RoutesOfTable(), 0U);
  ASSERT_TRUE(
      ApplyDifference(plan, plan, &*host_, &*journal_, [] { return absl::OkStatus(); }).ok());
  EXPECT_EQ(RoutesOfTable(), 1U);
  EXPECT_EQ(journal_->entries().size(), entries);
}

TEST(WithoutKeptTest, PortsThatStayForwardedToTheSameTargetAreNotForgotten) {
  const auto forward = [](uint16_t port, const char* target) {
    return PortForward{
        PortForward::Protocol::kUdp, {port, port}, *IpAddress::Parse(target), {9, 9}};
  };
  const auto undo = [](std::vector<PortForward> forwards) {
    return action::ForgetForwarded{{std::move(forwards), {}}};
  };
  const Action before =
      undo({forward(1, "10.77.0.2"), forward(2, "10.77.0.2"), forward(3, "fd77::2")});
  const std::vector<Step> after = {
      AddressStep("10.7.0.1/24"),
      {{}, undo({forward(1, "10.77.0.2"), forward(2, "10.77.0.3"), forward(4, "fd77::2")})}};
  EXPECT_EQ(WithoutKept(before, after),
            Action(undo({forward(2, "10.77.0.2"), forward(3, "fd77::2")})));
  EXPECT_EQ(WithoutKept(before, {}), before) << "down forgets all of them";
}

}  // namespace
}  // namespace ringwire::platform
