#include "platform/supervisor/tunnel_repair.h"

#include <gtest/gtest.h>

#include "tests/unit/platform/supervisor/tunnel_fixture.h"

namespace ringwire::platform {
namespace {

class TunnelRepairTest : public TunnelOnHostTest {
 protected:
  // A tunnel that is up, and the repair that is tested beside it.
  void SetUp() override {
    tunnel_ = Prepared(kKillSwitch);
    ASSERT_TRUE(tunnel_->Up().ok());
    whole_ = host_->effects();
    absl::StatusOr<Journal> journal = Journal::Copy(folder_, "rwtest0");
    ASSERT_TRUE(journal.ok()) << journal.status();
    journal_.emplace(*std::move(journal));
    host_->FailAt(0);
  }

  const Plan& plan() const { return tunnel_->in_force().plan; }
  void Repair(Instant now) { repair_.Repair(now, plan(), host_, &*journal_); }
  // Another program removes the effects that begin so.
  void Lose(const std::string& beginning) {
    const size_t lost = std::erase_if(effects_, [&beginning](const std::string& effect) {
      return effect.starts_with(beginning);
    });
    ASSERT_GT(lost, 0U) << beginning;
  }
  NetworkChanges RulesGone() const {
    NetworkChanges changes;
    for (const Step& step : plan().steps) {
      const auto* const rule = step.apply ? std::get_if<action::AddRule>(&*step.apply) : nullptr;
      if (rule != nullptr) changes.rules.push_back({rule->rule.family, rule->rule.priority});
    }
    return changes;
  }
  static NetworkChanges Lost() {
    NetworkChanges changes;
    changes.lost = true;
    return changes;
  }
  static NetworkChanges LinkChanged() {
    NetworkChanges changes;
    changes.link = true;
    return changes;
  }

  const Instant now_ = Instant() + absl::Hours(1);
  std::unique_ptr<TunnelOnHost> tunnel_;
  std::optional<Journal> journal_;
  Effects whole_;
  TunnelRepair repair_{"rwtest0"};
};

TEST_F(TunnelRepairTest, HasNothingToDoUntilSomethingIsNoted) {
  EXPECT_TRUE(repair_.at().IsInfiniteFuture());
  repair_.Note(now_, {}, {});
  NetworkChanges networks;
  networks.local_networks = true;
  repair_.Note(now_, networks, {});
  EXPECT_TRUE(repair_.at().IsInfiniteFuture());
  Repair(now_ + absl::Seconds(1));
  EXPECT_EQ(host_->applied(), 0U);
}

TEST_F(TunnelRepairTest, RulesComeBackWhenTheOtherProgramHasFinished) {
  Lose("rule");
  repair_.Note(now_, RulesGone(), {});
  EXPECT_EQ(repair_.at(), now_ + TunnelRepair::kSettling);
  repair_.Note(now_ + absl::Milliseconds(200), RulesGone(), {});
  EXPECT_EQ(repair_.at(), now_ + absl::Milliseconds(200) + TunnelRepair::kSettling);
  repair_.Note(now_ + absl::Milliseconds(400), RulesGone(), {});
  repair_.Note(now_ + absl::Milliseconds(600), RulesGone(), {});
  EXPECT_EQ(repair_.at(), now_ + TunnelRepair::kPatience) << "but within a second";
  Repair(now_);
  EXPECT_NE(host_->effects(), whole_);
  Repair(repair_.at());
  EXPECT_EQ(host_->effects(), whole_);
  EXPECT_TRUE(repair_.at().IsInfiniteFuture());
}

TEST_F(TunnelRepairTest, OnlyWhatWasRemovedIsTouched) {
  NetworkChanges foreign;
  foreign.rules = {{IpFamily::kV4, 4242}};
  repair_.Note(now_, foreign, {});
  Repair(now_ + absl::Seconds(1));
  EXPECT_EQ(host_->applied(), 0U);
}

TEST_F(TunnelRepairTest, TheTableComesBackAlsoWithEachTimeItIsFlushed) {
  for (int i = 0; i < 30; ++i) {
    Lose("table");
    repair_.Note(now_, {}, {true, "nft"});
    Repair(now_);
    EXPECT_TRUE(host_->HasTable()) << i;
  }
}

TEST_F(TunnelRepairTest, ForwardingComesBackAndOtherSysctlsAreLeftToOthers) {
  tunnel_->Undo(UndoScope::kEverything, LogFailure).IgnoreError();
  tunnel_->Close();
  journal_.reset();
  tunnel_ = Prepared("[Gateway]\nForward = on\n", Before::kClean);
  ASSERT_TRUE(tunnel_->Up().ok());
  journal_.emplace(*Journal::Copy(folder_, "rwtest0"));
  ASSERT_TRUE(effects_.contains("sysctl net/ipv4/ip_forward"));
  ASSERT_TRUE(effects_.contains("sysctl net/ipv4/conf/all/src_valid_mark"));
  Lose("sysctl");
  NetworkChanges changed;
  changed.sysctls = true;
  repair_.Note(now_, changed, {});
  Repair(now_ + absl::Seconds(1));
  EXPECT_TRUE(effects_.contains("sysctl net/ipv4/ip_forward"));
  EXPECT_FALSE(effects_.contains("sysctl net/ipv4/conf/all/src_valid_mark"));
}

TEST_F(TunnelRepairTest, AWholeTableIsLeftAlone) {
  repair_.Note(now_, {}, {true, ""});
  Repair(now_ + absl::Seconds(1));
  EXPECT_EQ(host_->applied(), 0U);
}

TEST_F(TunnelRepairTest, WhatDoesNotBlockComesBackSlowlyWhenItGoesAgainAndAgain) {
  NetworkChanges gone;
  gone.addresses = true;
  for (size_t i = 0; i < RepairBudget::kBurst; ++i) {
    Lose("address");
    repair_.Note(now_, gone, {});
    Repair(repair_.at());
    EXPECT_EQ(host_->effects(), whole_) << i;
  }
  Lose("address");
  Lose("table");
  repair_.Note(now_, gone, {true, "nft"});
  Repair(now_);
  EXPECT_TRUE(host_->HasTable()) << "this is restored each time";
  EXPECT_NE(host_->effects(), whole_);
  EXPECT_EQ(repair_.at(), now_ + TunnelRepair::kSettling + RepairBudget::kEach);
  Repair(repair_.at());
  EXPECT_EQ(host_->effects(), whole_);
}

TEST_F(TunnelRepairTest, ALinkThatBouncedGetsItsAddressesAndRoutesBackOnceItIsUp) {
  Lose("address");
  Lose("route");
  host_->set_link_up(false);
  repair_.Note(now_, LinkChanged(), {});
  Repair(now_);
  EXPECT_NE(host_->effects(), whole_);
  host_->set_link_up(true);
  repair_.Note(now_, LinkChanged(), {});
  Repair(now_);
  EXPECT_EQ(host_->effects(), whole_);
}

TEST_F(TunnelRepairTest, AfterLostMessagesEverythingIsLookedAt) {
  Lose("rule");
  Lose("address");
  Lose("table");
  repair_.Note(now_, Lost(), {});
  Repair(now_);
  EXPECT_EQ(host_->effects(), whole_);
}

TEST_F(TunnelRepairTest, AFailureIsTriedAgain) {
  Lose("rule");
  repair_.Note(now_, RulesGone(), {});
  host_->FailAt(1);
  Repair(repair_.at());
  EXPECT_NE(host_->effects(), whole_);
  EXPECT_EQ(repair_.at(), now_ + TunnelRepair::kSettling + RepairBudget::kEach);
  Repair(repair_.at());
  EXPECT_EQ(host_->effects(), whole_);
}

TEST_F(TunnelRepairTest, TheNameComesBack) {
  host_->set_other_name("rwother0");
  repair_.Note(now_, LinkChanged(), {});
  Repair(now_);
  EXPECT_EQ(host_->RestoreName().value(), "") << "it was asked for";
}

TEST_F(TunnelRepairTest, WhatHooksRemovedIsForgottenButForTheTable) {
  Lose("rule");
  Lose("table");
  repair_.Note(now_, RulesGone(), {true, "nft"});
  repair_.RepairTable(plan(), host_, &*journal_);
  EXPECT_TRUE(host_->HasTable());
  EXPECT_NE(host_->effects(), whole_);
  EXPECT_TRUE(repair_.at().IsInfiniteFuture());
}

}  // namespace
}  // namespace ringwire::platform
