#include <gtest/gtest.h>

#include "tests/unit/platform/supervisor/tunnel_fixture.h"

namespace ringwire::platform {
namespace {

class TunnelChangesTest : public TunnelOnHostTest {
 protected:
  static absl::Status Agree(const ConfigFile&) { return absl::OkStatus(); }

  absl::Status Reload(TunnelOnHost* tunnel, const std::string& lines,
                      SupervisedTunnel::Commit commit = Agree,
                      const std::string& allowed = kEverything) {
    absl::StatusOr<PlannedChange> change = tunnel->PlanChange(Config(lines, allowed), {});
    if (!change.ok()) return change.status();
    host_->FailAt(fail_at_);
    const absl::Status status = tunnel->Replace(*std::move(change), commit);
    if (!status.ok()) tunnel->Abandon();
    return status;
  }

  size_t fail_at_ = 0;
};

TEST_F(TunnelChangesTest, AReloadReplacesWhatIsInForce) {
  auto tunnel = Prepared("MTU = 1300");
  ASSERT_TRUE(tunnel->Up().ok());
  std::string committed;
  ASSERT_TRUE(Reload(tunnel.get(), kKillSwitch, [&](const ConfigFile& wanted) {
                committed = wanted.gateway.kill_switch.on ? "on" : "off";
                EXPECT_TRUE(wanted.private_key.has_value()) << "the relay needs them";
                EXPECT_TRUE(host_->HasTable()) << "new steps come before it";
                return absl::OkStatus();
              }).ok());
  EXPECT_EQ(committed, "on");
  EXPECT_TRUE(tunnel->in_force().config.gateway.kill_switch.on);
  EXPECT_TRUE(tunnel->in_force().plan.kill_switch);
  EXPECT_TRUE(tunnel->Undo(UndoScope::kEverything, LogFailure).ok());
  EXPECT_EQ(host_->effects(), Effects());
}

TEST_F(TunnelChangesTest, AFailureAtAnyStepRollsBack) {
  size_t steps = 0;
  {
    auto tunnel = Prepared("");
    ASSERT_TRUE(tunnel->Up().ok());
    size_t at_commit = 0;
    ASSERT_TRUE(Reload(tunnel.get(), kFull, [&](const ConfigFile&) {
                  at_commit = host_->applied();
                  return absl::OkStatus();
                }).ok());
    steps = at_commit;
    tunnel->Undo(UndoScope::kEverything, LogFailure).IgnoreError();
    tunnel->Close();
  }
  ASSERT_GT(steps, 2U);
  for (fail_at_ = 1; fail_at_ <= steps; ++fail_at_) {
    auto tunnel = Prepared("");
    ASSERT_TRUE(tunnel->Up().ok());
    const Effects before = host_->effects();
    const uint32_t mark = tunnel->in_force().plan.fwmark;
    EXPECT_FALSE(Reload(tunnel.get(), kFull).ok()) << fail_at_;
    EXPECT_EQ(host_->effects(), before) << fail_at_;
    EXPECT_FALSE(tunnel->in_force().config.gateway.kill_switch.on) << fail_at_;
    EXPECT_EQ(tunnel->in_force().plan.fwmark, mark) << fail_at_;
    tunnel->Undo(UndoScope::kEverything, LogFailure).IgnoreError();
    EXPECT_TRUE(tunnel->Close()) << fail_at_;
  }
}

TEST_F(TunnelChangesTest, ARelayThatRefusesRollsBack) {
  auto tunnel = Prepared("");
  ASSERT_TRUE(tunnel->Up().ok());
  const Effects before = host_->effects();
  const absl::Status status =
      Reload(tunnel.get(), kFull, [](const ConfigFile&) { return absl::AbortedError("no"); });
  EXPECT_EQ(status.message(), "no");
  EXPECT_EQ(host_->effects(), before);
}

TEST_F(TunnelChangesTest, AChangeThatIsNotMadeGivesItsNumbersBack) {
  auto tunnel = Prepared("", Before::kClean);
  ASSERT_TRUE(tunnel->Up().ok());
  const Reservation before = Journal::Copy(folder_, "rwtest0")->reservation();
  absl::StatusOr<PlannedChange> change = tunnel->PlanChange(Config("FwMark = 0x99"), {});
  ASSERT_TRUE(change.ok()) << change.status();
  EXPECT_EQ(Journal::Copy(folder_, "rwtest0")->reservation().mark, 0x99U);
  tunnel->Abandon();
  EXPECT_EQ(Journal::Copy(folder_, "rwtest0")->reservation(), before);
}

TEST_F(TunnelChangesTest, AChangeThatCannotBePlannedChangesNothing) {
  auto tunnel = Prepared("");
  ASSERT_TRUE(tunnel->Up().ok());
  const Effects before = host_->effects();
  gather_error_ = absl::InternalError("no netlink");
  EXPECT_FALSE(tunnel->PlanChange(Config(kKillSwitch), {}).ok());
  EXPECT_EQ(host_->effects(), before);
  EXPECT_FALSE(tunnel->in_force().config.gateway.kill_switch.on);
}

TEST_F(TunnelChangesTest, WithoutASwitchFromTheFileAReloadOpens) {
  auto tunnel = Prepared(kKillSwitch);
  ASSERT_TRUE(tunnel->Up().ok());
  bool was_closed = false;
  ASSERT_TRUE(Reload(
                  tunnel.get(), "",
                  [&](const ConfigFile&) {
                    was_closed = host_->HasTable();
                    return absl::OkStatus();
                  },
                  "10.0.0.0/8")
                  .ok());
  EXPECT_TRUE(was_closed) << "until the relay follows";
  EXPECT_FALSE(host_->HasTable());
}

TEST_F(TunnelChangesTest, ABridgeFollowsThePeersOfTheDevice) {
  const auto hosts = [](const char* address) {
    return std::vector<BridgePeer>{{"b", {*IpAddress::Parse(address)}}};
  };
  auto tunnel = Prepared("[Gateway]\nBridge = br0\n", Before::kClean, "10.77.0.2/32");
  ASSERT_TRUE(tunnel->Up().ok());
  EXPECT_TRUE(host_->effects().contains("forwarding 10.77.0.2"));
  const size_t applied = host_->applied();
  EXPECT_TRUE(tunnel->FollowPeers({{kTestPeer, {*IpAddress::Parse("10.77.0.2")}}}).ok());
  EXPECT_EQ(host_->applied(), applied) << "they are those of the file";
  EXPECT_TRUE(tunnel->FollowPeers(hosts("10.77.0.9")).ok());
  EXPECT_TRUE(host_->effects().contains("forwarding 10.77.0.9"));
  EXPECT_FALSE(host_->effects().contains("forwarding 10.77.0.2"));
  ASSERT_TRUE(Reload(tunnel.get(), "[Gateway]\nBridge = br0\n", Agree, "10.77.0.2/32").ok());
  EXPECT_TRUE(tunnel->FollowPeers(hosts("10.77.0.9")).ok());
  EXPECT_TRUE(host_->effects().contains("forwarding 10.77.0.9")) << "a reload does not stop it";
  ASSERT_TRUE(Reload(tunnel.get(), "", Agree, "10.77.0.2/32").ok());
  for (const std::string& effect : host_->effects()) {
    EXPECT_TRUE(effect.starts_with("address") || effect.starts_with("route")) << effect;
  }
  EXPECT_TRUE(tunnel->FollowPeers(hosts("10.77.0.8")).ok());
  EXPECT_FALSE(host_->effects().contains("forwarding 10.77.0.8")) << "without a Bridge";
}

TEST(FactsForChangeTest, AreOfTheHostWithoutTheTunnel) {
  InForce in_force;
  in_force.facts.tables_in_use = {1};
  in_force.facts.predecessor_kill_switch = true;
  in_force.config.gateway.kill_switch.on = true;
  HostFacts now;
  now.tables_in_use = {1, 51820};
  now.interfaces = {"eth1"};
  now.predecessor.mark = 51820;
  now.inner_links.links = {{.name = "br0", .is_bridge = true, .networks = {}}};
  now.socket_uid = 7;
  HostFacts facts = FactsForChange(in_force, now);
  EXPECT_EQ(facts.tables_in_use, std::vector<uint32_t>{1}) << "51820 is the tunnel's own";
  EXPECT_EQ(facts.interfaces, now.interfaces);
  EXPECT_EQ(facts.inner_links, now.inner_links) << "the change may turn a kill switch on";
  EXPECT_EQ(facts.socket_uid, 7U);
  EXPECT_EQ(facts.predecessor.mark, 51820U);
  EXPECT_FALSE(facts.predecessor_kill_switch);
  in_force.config.gateway.kill_switch.on = false;
  in_force.config.fwmark = 51820;
  facts = FactsForChange(in_force, now);
  EXPECT_EQ(facts.tables_in_use, now.tables_in_use) << "the tunnel needed none so far";
  EXPECT_EQ(facts.predecessor.mark, 0U) << "the file gave it";
}

}  // namespace
}  // namespace ringwire::platform
