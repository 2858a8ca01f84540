#include "platform/observe/status_events.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace ringwire::platform {
namespace {

const absl::Time kThen = absl::FromUnixSeconds(1'700'000'000);
const absl::Time kNow = kThen + absl::Seconds(1);

PeerStatus PeerOf(uint8_t seed) {
  PeerStatus peer;
  peer.public_key.fill(seed);
  peer.name = std::string(1, static_cast<char>('a' + seed));
  peer.endpoint = SocketAddress::Parse("192.0.2.1:51820");
  return peer;
}

StatusReport ReportOf(std::vector<PeerStatus> peers) {
  StatusReport report;
  report.interface_name = "wg0";
  report.stage = ServiceStage::kReady;
  report.link_up = true;
  report.device.peers = std::move(peers);
  return report;
}

// "event:name:detail" of each.
std::vector<std::string> Names(const std::optional<StatusReport>& before,
                               const std::optional<StatusReport>& after) {
  std::vector<std::string> names;
  for (const StatusEvent& event : EventsBetween(before, kThen, after, kNow)) {
    std::string text(event.event);
    if (!event.name.empty()) text += ":" + event.name;
    if (event.peer.empty() && !event.detail.empty()) text += ":" + event.detail;
    names.push_back(text);
  }
  return names;
}
using List = std::vector<std::string>;

TEST(StatusEventsTest, IsSilentWhereNothingHappens) {
  const StatusReport report = ReportOf({PeerOf(1)});
  EXPECT_EQ(Names(report, report), List());
  EXPECT_EQ(Names(std::nullopt, std::nullopt), List());
}

TEST(StatusEventsTest, TellsServicesAndLinks) {
  StatusReport report = ReportOf({});
  EXPECT_EQ(Names(std::nullopt, report), (List{"service_up", "service_ready"}));
  EXPECT_EQ(Names(report, std::nullopt), List{"service_down"});
  StatusReport other = report;
  other.link_up = false;
  EXPECT_EQ(Names(report, other), List{"link_down"});
  EXPECT_EQ(Names(other, report), List{"link_up"});
  other = report;
  other.stage = ServiceStage::kDraining;
  EXPECT_EQ(Names(report, other), List{"service_draining"});
  EXPECT_EQ(Names(other, report), List{"service_ready"});
}

TEST(StatusEventsTest, TellsPeersThatComeAndGo) {
  EXPECT_EQ(Names(ReportOf({PeerOf(1), PeerOf(2)}), ReportOf({PeerOf(2), PeerOf(3)})),
            (List{"peer_added:d", "peer_removed:b"}));
}

TEST(StatusEventsTest, TellsSessionsOnce) {
  PeerStatus fresh = PeerOf(1);
  fresh.last_handshake = kNow;
  EXPECT_EQ(Names(ReportOf({PeerOf(1)}), ReportOf({fresh})), List{"peer_connected:b"});
  EXPECT_EQ(Names(ReportOf({fresh}), ReportOf({fresh})), List());
  PeerStatus old = PeerOf(1);
  old.last_handshake = kNow - absl::Seconds(180);  // it expires between the looks
  EXPECT_EQ(Names(ReportOf({old}), ReportOf({old})), List{"peer_silent:b"});
}

TEST(StatusEventsTest, TellsAPeerThatMoves) {
  PeerStatus moved = PeerOf(1);
  moved.endpoint = SocketAddress::Parse("192.0.2.2:51820");
  EXPECT_EQ(Names(ReportOf({PeerOf(1)}), ReportOf({moved})), List{"peer_roamed:b"});
}

TEST(StatusEventsTest, TellsAnOffloadThatFailedAndLoad) {
  StatusReport before = ReportOf({});
  before.offloads = {{"tso", "on", "", 0}};
  before.workers = {{0, "epoll", {{"cookie_replies_sent", 1}}}};
  StatusReport after = before;
  after.offloads = {{"tso", "fell", "Input/output error", 1}};
  after.workers[0].counts[0].second = 2;
  EXPECT_EQ(Names(before, after), (List{"offload_failed:tso: Input/output error", "under_load"}));
}

TEST(StatusEventsTest, FormatsALineForPeopleAndPrograms) {
  const StatusEvent event{"peer_roamed", "wg0", "KEY=", "al\"ice", "192.0.2.2:51820"};
  EXPECT_EQ(FormatEvent(event, kNow, false),
            "2023-11-14T22:13:21.000Z wg0 peer_roamed al\"ice KEY= 192.0.2.2:51820\n");
  EXPECT_EQ(FormatEvent(event, kNow, true),
            R"({"time":"2023-11-14T22:13:21.000Z","device":"wg0","event":"peer_roamed",)"
            R"("peer":"KEY=","name":"al\"ice","detail":"192.0.2.2:51820"})"
            "\n");
}

}  // namespace
}  // namespace ringwire::platform
