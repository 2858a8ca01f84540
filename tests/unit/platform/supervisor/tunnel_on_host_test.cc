#include "platform/supervisor/tunnel_on_host.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "platform/base/wait_child.h"
#include "tests/unit/platform/supervisor/tunnel_fixture.h"

namespace ringwire::platform {
namespace {

TEST_F(TunnelOnHostTest, UpAndDownLeaveTheHostAsItWas) {
  auto tunnel = Prepared(kFull);
  ASSERT_TRUE(tunnel->Up().ok());
  EXPECT_EQ(host_->interface_index(), kTestIndex);
  EXPECT_TRUE(host_->HasTable());
  EXPECT_GE(host_->effects().size(), 8U);
  EXPECT_TRUE(tunnel->Undo(UndoScope::kEverything, LogFailure).ok());
  EXPECT_EQ(host_->effects(), Effects());
  EXPECT_TRUE(tunnel->Close());
  EXPECT_FALSE(HasJournal());
}

TEST_F(TunnelOnHostTest, AFailureAtAnyStepOfUpUndoesTheOthers) {
  size_t steps = 0;
  {
    auto tunnel = Prepared(kOpen);
    ASSERT_TRUE(tunnel->Up().ok());
    steps = host_->applied();
    ASSERT_TRUE(tunnel->Undo(UndoScope::kEverything, LogFailure).ok());
    tunnel->Close();
  }
  ASSERT_GT(steps, 8U);
  for (size_t step = 1; step <= steps; ++step) {
    auto tunnel = Prepared(kOpen);
    host_->FailAt(step);
    const absl::Status status = tunnel->Up();
    ASSERT_FALSE(status.ok()) << step;
    EXPECT_NE(status.message().find("(rwtest0 is not up; what was changed for it is undone)"),
              std::string::npos)
        << status;
    EXPECT_EQ(host_->effects(), Effects()) << step << ": " << status;
    EXPECT_TRUE(tunnel->Close()) << step;
    EXPECT_FALSE(is_process_there_) << step;
  }
}

TEST_F(TunnelOnHostTest, AFailedStartLeavesItsKillSwitchClosed) {
  auto tunnel = Prepared(kFull);
  start_error_ = absl::AbortedError("no port");
  const absl::Status status = tunnel->Up();
  EXPECT_NE(status.message().find("(rwtest0 is not up; its kill switch blocks traffic until "
                                  "`ringwire down rwtest0`)"),
            std::string::npos)
      << status;
  EXPECT_TRUE(host_->HasTable());
  EXPECT_FALSE(tunnel->Close());
  EXPECT_TRUE(HasJournal()) << "for `down`";
}

TEST_F(TunnelOnHostTest, AnEndThatIsNoDownLeavesWhatBlocks) {
  auto tunnel = Prepared(kFull);
  ASSERT_TRUE(tunnel->Up().ok());
  EXPECT_TRUE(tunnel->Undo(UndoScope::kAllButBlocks, LogFailure).ok());
  EXPECT_TRUE(host_->HasTable());
  EXPECT_TRUE(tunnel->BlocksTraffic());
  EXPECT_FALSE(is_process_there_);
}

TEST_F(TunnelOnHostTest, AFailureAtAnyStepOfDownIsReportedAndTheOthersAreUndone) {
  size_t steps = 0;
  {
    auto tunnel = Prepared(kFull);
    ASSERT_TRUE(tunnel->Up().ok());
    host_->FailAt(0);
    ASSERT_TRUE(tunnel->Undo(UndoScope::kEverything, LogFailure).ok());
    steps = host_->applied();
    tunnel->Close();
  }
  for (size_t step = 1; step <= steps; ++step) {
    std::filesystem::remove(JournalPath());
    auto tunnel = Prepared(kFull);
    ASSERT_TRUE(tunnel->Up().ok());
    host_->FailAt(step);
    size_t reported = 0;
    const absl::Status status =
        tunnel->Undo(UndoScope::kEverything, [&reported](const absl::Status&) { ++reported; });
    EXPECT_FALSE(status.ok()) << step;
    EXPECT_EQ(reported, 1U) << step;
    EXPECT_LE(host_->effects().size(), 1U) << step << ": " << status;
    EXPECT_EQ(tunnel->Close(), host_->effects().empty() && status.message() == "told to fail: hook")
        << step << ": what failed stays in the journal, but no hook";
  }
}

TEST_F(TunnelOnHostTest, AnUnusableUpIsUndone) {
  auto tunnel = Prepared(kOpen);
  ASSERT_TRUE(tunnel->Up().ok());
  EXPECT_TRUE(tunnel->Undo(UndoScope::kLastUp, LogFailure).ok());
  EXPECT_EQ(host_->effects(), Effects());
}

TEST_F(TunnelOnHostTest, OnlyPreDownRunsBeforeASave) {
  auto tunnel = Prepared(kFull);
  ASSERT_TRUE(tunnel->Up().ok());
  const Effects before = host_->effects();
  EXPECT_TRUE(tunnel->Undo(UndoScope::kPreDownHooks, LogFailure).ok());
  EXPECT_EQ(host_->hooks(), (std::vector<std::string>{"PreUp", "PostUp", "PreDown"}));
  EXPECT_EQ(host_->effects(), before);
}

TEST_F(TunnelOnHostTest, ACrashLeavesOnlyWhatBlocks) {
  auto tunnel = Prepared(kKillSwitch);
  ASSERT_TRUE(tunnel->Up().ok());
  is_process_there_ = false;
  EXPECT_TRUE(tunnel->KeepClosed().ok());
  EXPECT_TRUE(tunnel->BlocksTraffic());
  EXPECT_TRUE(host_->HasTable());
  EXPECT_FALSE(tunnel->Close());
  EXPECT_TRUE(HasJournal());
}

TEST_F(TunnelOnHostTest, ACrashOfASplitTunnelLeavesNothing) {
  auto tunnel = Prepared("", Before::kClean, "10.0.0.0/8");
  ASSERT_TRUE(tunnel->Up().ok());
  is_process_there_ = false;
  EXPECT_TRUE(tunnel->KeepClosed().ok());
  EXPECT_FALSE(tunnel->BlocksTraffic());
  EXPECT_EQ(host_->effects(), Effects());
  EXPECT_TRUE(tunnel->Close());
}

TEST_F(TunnelOnHostTest, ASuccessorTakesOverWhatBlocksAndKeepsTheMark) {
  facts_.others = {};
  {
    auto killed = Prepared(kKillSwitch);
    ASSERT_TRUE(killed->Up().ok());
    is_process_there_ = false;
    mark_ = killed->in_force().plan.fwmark;
  }
  auto tunnel = Prepared(kKillSwitch, Before::kKeep);
  EXPECT_TRUE(tunnel->in_force().facts.predecessor_kill_switch);
  EXPECT_EQ(tunnel->in_force().plan.fwmark, mark_);
  EXPECT_TRUE(host_->HasTable()) << "nothing opens in between";
  ASSERT_TRUE(tunnel->Up().ok());
  EXPECT_TRUE(tunnel->Undo(UndoScope::kEverything, LogFailure).ok());
  EXPECT_EQ(host_->effects(), Effects());
  EXPECT_TRUE(tunnel->Close());
}

// `up --dry-run` reads the journal that `up` will take over.
TEST_F(TunnelOnHostTest, ADryRunAfterACrashNamesTheMarkThatUpTakes) {
  {
    Journal other = *Journal::Open(folder_, "rwother0");
    ASSERT_TRUE(other.RecordReservation({.mark = 0xca6c}, CurrentNetworkId()).ok());
    auto killed = Prepared(kKillSwitch);
    ASSERT_TRUE(killed->Up().ok());
    mark_ = killed->in_force().plan.fwmark;
    EXPECT_NE(mark_, 0xca6cU);
    is_process_there_ = false;
  }
  std::filesystem::remove(Journal::PathOf(folder_, "rwother0"));
  HostFacts facts = facts_;
  AddJournalFacts("rwtest0", *Journal::Copy(folder_, "rwtest0"), folder_, &facts);
  const Plan dry_run = MakePlan("rwtest0", Config(kKillSwitch), facts);
  EXPECT_EQ(dry_run.fwmark, mark_);
  auto tunnel = Prepared(kKillSwitch, Before::kKeep);
  EXPECT_EQ(tunnel->in_force().plan.fwmark, dry_run.fwmark);
}

TEST_F(TunnelOnHostTest, ASuccessorWhoseStartFailsLeavesItBlocked) {
  {
    auto killed = Prepared(kKillSwitch);
    ASSERT_TRUE(killed->Up().ok());
    is_process_there_ = false;
  }
  auto tunnel = Prepared(kKillSwitch, Before::kKeep);
  start_error_ = absl::AbortedError("no port");
  EXPECT_FALSE(tunnel->Up().ok());
  EXPECT_TRUE(host_->HasTable());
  EXPECT_TRUE(tunnel->BlocksTraffic());
  EXPECT_FALSE(tunnel->Close());
}

TEST_F(TunnelOnHostTest, ASuccessorWithoutASwitchOpensOnceItIsUp) {
  {
    auto killed = Prepared(kKillSwitch);
    ASSERT_TRUE(killed->Up().ok());
    is_process_there_ = false;
  }
  auto tunnel = Prepared("", Before::kKeep, "10.0.0.0/8");
  EXPECT_TRUE(host_->HasTable());
  ASSERT_TRUE(tunnel->Up().ok());
  EXPECT_FALSE(host_->HasTable());
}

TEST_F(TunnelOnHostTest, ABlockBeforeTheStartIsTheKillSwitchAlone) {
  {
    auto tunnel = Prepared(kFull);
    ASSERT_TRUE(tunnel->Block().ok());
    EXPECT_EQ(host_->effects(), Effects{"table ringwire-rwtest0"});
    EXPECT_TRUE(host_->hooks().empty());
    EXPECT_FALSE(is_process_there_);
    EXPECT_FALSE(tunnel->Close());
  }
  EXPECT_TRUE(HasJournal());
  auto tunnel = Prepared(kFull, Before::kKeep);
  ASSERT_TRUE(tunnel->Up().ok());
  EXPECT_TRUE(host_->HasTable());
  EXPECT_TRUE(tunnel->Undo(UndoScope::kEverything, LogFailure).ok());
  EXPECT_EQ(host_->effects(), Effects());
  EXPECT_TRUE(tunnel->Close());
}

TEST_F(TunnelOnHostTest, ABlockThatFailsChangesNothing) {
  auto tunnel = Prepared(kFull);
  host_->FailAt(1);
  EXPECT_FALSE(tunnel->Block().ok());
  EXPECT_EQ(host_->effects(), Effects());
  EXPECT_TRUE(tunnel->Close());
}

TEST_F(TunnelOnHostTest, AnotherInterfaceThanTheRelaysIsRefused) {
  auto tunnel = Prepared("");
  made_index_ = kTestIndex + 1;
  const absl::Status status = tunnel->Up();
  EXPECT_NE(status.message().find("it did not make the interface rwtest0"), std::string::npos);
  EXPECT_FALSE(is_process_there_);
}

TEST_F(TunnelOnHostTest, AServiceThatRunsIsLeftAlone) {
  auto tunnel = Prepared("");
  const pid_t child = ::fork();  // the journal's lock is a process's
  if (child == 0) {
    TunnelOnHost second("rwtest0", Access());
    const bool refused = absl::IsAlreadyExists(second.Open({}));
    ::_exit(refused && !second.Close() ? 0 : 1);
  }
  EXPECT_EQ(WaitForChild(child, absl::Minutes(1)), 0);
}

TEST_F(TunnelOnHostTest, AFailureOfAnyPreparationChangesNothing) {
  using Break = std::function<void(HostAccess*)>;
  const std::vector<std::pair<std::string, Break>> breaks = {
      {"gather",
       [](HostAccess* access) {
         access->gather = [](auto&&...) { return absl::InternalError("gather"); };
       }},
      {"sysctls",
       [](HostAccess* access) {
         access->check_sysctls = [](auto&&...) { return absl::InternalError("sysctls"); };
       }},
      {"executor", [](HostAccess* access) {
         access->open_executor = [](auto&&...) { return absl::InternalError("executor"); };
       }}};
  for (const auto& [name, spoil] : breaks) {
    HostAccess access = Access();
    spoil(&access);
    TunnelOnHost tunnel("rwtest0", access);
    absl::Status status = tunnel.Open(Owner());
    if (status.ok()) status = tunnel.Prepare(Config(kFull));
    EXPECT_EQ(status.message(), name);
    EXPECT_TRUE(tunnel.Close()) << name;
    EXPECT_FALSE(HasJournal()) << name;
  }
}

TEST_F(TunnelOnHostTest, TheMtuFitsTheRoutesUnlessTheFileSaysIt) {
  auto tunnel = Prepared("");
  tunnel->ChooseMtu({});
  EXPECT_EQ(tunnel->in_force().facts.path_mtu, 1400U);
  tunnel->Close();
  tunnel = Prepared("MTU = 1300");
  tunnel->ChooseMtu({});
  EXPECT_EQ(tunnel->in_force().facts.path_mtu, std::nullopt);
}

TEST_F(TunnelOnHostTest, SavesWhatTheInterfaceHas) {
  auto tunnel = Prepared("");
  ASSERT_TRUE(tunnel->Up().ok());
  host_->set_addresses({*InterfaceAddress::Parse("10.9.9.9/24")});
  const ObservedInterface observed = tunnel->Observe();
  EXPECT_EQ(observed.mtu, 1420);
  ASSERT_TRUE(observed.addresses.has_value());
  EXPECT_EQ(observed.addresses->present.size(), 1U);
  EXPECT_EQ(observed.addresses->gone.size(), 1U) << "that of the file";
}

}  // namespace
}  // namespace ringwire::platform
