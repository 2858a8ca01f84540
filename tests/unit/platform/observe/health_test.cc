#include "platform/observe/health.h"

#include "gtest/gtest.h"

namespace ringwire::platform {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

StatusReport Ready() {
  StatusReport report;
  report.interface_name = "wg0";
  report.stage = ServiceStage::kReady;
  report.link_up = true;
  report.device.peers.resize(3);
  report.device.peers[0].last_handshake = kNow - absl::Seconds(179);
  report.device.peers[1].last_handshake = kNow - absl::Seconds(180);
  return report;
}

TEST(HealthTest, CountsSessionsThatCanStillCarryPackets) {
  EXPECT_EQ(CountSessions(Ready(), kNow), 1U);
  const Health health = HealthOf(Ready(), kNow);
  EXPECT_TRUE(health.ready);
  EXPECT_EQ(health.line, "wg0: ready, 1 of 3 peers have a session");
}

TEST(HealthTest, IsReadyWithoutAPeer) {
  StatusReport report = Ready();
  report.device.peers.clear();
  EXPECT_TRUE(HealthOf(report, kNow).ready);
}

TEST(HealthTest, IsNotReadyWhileItStartsOrDrains) {
  StatusReport report = Ready();
  report.stage = ServiceStage::kDraining;
  EXPECT_FALSE(HealthOf(report, kNow).ready);
  EXPECT_EQ(HealthOf(report, kNow).line, "wg0: draining");
  report.stage = ServiceStage::kStarting;
  EXPECT_EQ(HealthOf(report, kNow).line, "wg0: starting");
}

TEST(HealthTest, IsNotReadyWithoutItsLink) {
  StatusReport report = Ready();
  report.link_up = false;
  EXPECT_FALSE(HealthOf(report, kNow).ready);
}

}  // namespace
}  // namespace ringwire::platform
