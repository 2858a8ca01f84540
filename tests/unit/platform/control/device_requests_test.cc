#include "platform/control/device_requests.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

namespace ringwire::platform {
namespace {

crypto::PublicKey KeyOf(uint8_t first) {
  crypto::PublicKey key{};
  key[0] = first;
  return key;
}

// A device without workers, whose link is down: nothing is sent.
class DeviceRequestsTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(device_.Open().ok()); }

  DeviceRequestsOptions MakeOptions() {
    DeviceRequestsOptions options;
    options.interface_name = "wgtest";
    options.version = "1.2.3";
    options.ladder = &ladder_;
    options.socket_source = std::make_unique<OwnSocketSource>();
    options.driver = &driver_;
    options.workers = &workers_;
    options.asker = [] { return -1; };
    options.on_mark_changed = [this] { ++marks_changed_; };
    return options;
  }

  CapabilityLadder ladder_{OffloadSwitches(), [](const std::string&) {}};
  SharedState shared_;
  WorkerGroup workers_{{"wgtest", &shared_, &ladder_, {}, 1}};
  PlaneDriver driver_{"wgtest", {}, &shared_, &workers_, [] {}};
  DeviceRequests device_{MakeOptions()};
  int marks_changed_ = 0;
};

TEST_F(DeviceRequestsTest, AppliesAChangeAndShowsIt) {
  DeviceUpdate update;
  update.peers.push_back({.public_key = KeyOf(1)});
  update.peers.back().name = "laptop";
  EXPECT_EQ(device_.Apply(update).error_number, 0);
  ASSERT_EQ(device_.Status().peers.size(), 1u);
  const StatusReport report = device_.Report();
  EXPECT_EQ(report.interface_name, "wgtest");
  EXPECT_EQ(report.version, "1.2.3");
  EXPECT_TRUE(report.device.peers.empty()) << "they come in pieces";
  size_t cursor = 0;
  std::vector<PeerStatus> peers;
  EXPECT_FALSE(device_.ListPeers(&cursor, &peers));
  ASSERT_EQ(peers.size(), 1u);
  EXPECT_EQ(peers[0].name, "laptop");
  EXPECT_FALSE(report.link_up);
  EXPECT_TRUE(report.workers.empty());
}

TEST_F(DeviceRequestsTest, ABadPeerRefusesTheWholeChange) {
  DeviceUpdate update;
  update.peers.push_back({.public_key = KeyOf(1)});
  update.peers.push_back({.public_key = KeyOf(2)});
  update.peers.back().endpoint.emplace();  // without an address
  const UapiError error = device_.Apply(update);
  EXPECT_EQ(error.error_number, EINVAL);
  EXPECT_FALSE(error.reason.empty());
  EXPECT_TRUE(device_.Status().peers.empty());
}

TEST_F(DeviceRequestsTest, ABadPeerRefusesAChangeOfThePortToo) {
  DeviceUpdate update;
  update.listen_port = 0;
  update.peers.push_back({.public_key = KeyOf(2)});
  update.peers.back().endpoint.emplace();
  device_.set_listen(ListenSockets(51820, 51820, 0));
  EXPECT_EQ(device_.Apply(update).error_number, EINVAL);
  EXPECT_EQ(device_.listen().port(), 51820);
  EXPECT_EQ(device_.Status().listen_port, 51820);
}

TEST_F(DeviceRequestsTest, ShowsTheLink) {
  device_.set_link({.exists = true, .up = true, .mtu = 1280, .kind = ""});
  const StatusReport report = device_.Report();
  EXPECT_TRUE(report.link_up);
  EXPECT_EQ(report.mtu, 1280u);
}

TEST_F(DeviceRequestsTest, TellsWhenTheMarkOfPacketsChanges) {
  DeviceUpdate update;
  update.fwmark = 7;
  device_.set_listen(ListenSockets(51820, 51820, 7));  // it is the sockets' already
  EXPECT_EQ(device_.Apply(update).error_number, 0);
  EXPECT_EQ(marks_changed_, 1);
  EXPECT_EQ(device_.Status().fwmark, 7u);
}

TEST_F(DeviceRequestsTest, ForgetsOnlyWhatItKnows) {
  EXPECT_FALSE(device_.Forget(KeyOf(1)));
  const HandshakeStamp stamp{KeyOf(9), KeyOf(1), Tai64n::From(absl::UnixEpoch())};
  driver_.plane().RestoreStamps(Instant(), {&stamp, 1});
  EXPECT_TRUE(device_.Forget(KeyOf(1)));
  EXPECT_FALSE(device_.Forget(KeyOf(1)));
}

TEST_F(DeviceRequestsTest, KnowsTheLoopbackInterface) {
  EXPECT_EQ(device_.InterfaceIndex("lo"), 1u);
  EXPECT_EQ(device_.InterfaceIndex("no-such-if"), 0u);
}

}  // namespace
}  // namespace ringwire::platform
