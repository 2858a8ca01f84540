#include "platform/observe/page_json.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "platform/observe/page_document.h"
#include "platform/observe/status_page.h"

namespace ringwire::platform {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

StatusReport Report(size_t peers) {
  DeviceStatus device;
  device.private_key.emplace();
  device.listen_port = 51820;
  for (size_t i = 0; i < peers; ++i) {
    PeerStatus peer;
    peer.public_key[0] = static_cast<uint8_t>(i);
    peer.name = "p" + std::to_string(i);
    peer.receive_bytes = i;
    device.peers.push_back(peer);
  }
  StatusReport report;
  report.interface_name = "wg0";
  report.stage = ServiceStage::kReady;
  report.link_up = true;
  SetDevice(std::move(device), &report);
  report.workers.push_back({0, "epoll", {{"tun_write_bytes", 5}, {"tun_read_bytes", 7}}, 0});
  report.drops = {{"replay", 3}};
  return report;
}

TEST(PageJsonTest, ASummaryHasTheInterfaceAndItsHistory) {
  const std::vector<InterfaceStatus> all = {{"wg0", Report(2)}, {"wg1", std::nullopt}};
  PageHistory history;
  history.Add(kNow, all);
  const auto json = nlohmann::json::parse(PageSummaryJson(all, history, kNow));
  EXPECT_EQ(json["span_s"], 900);
  const auto& one = json["interfaces"][0];
  EXPECT_EQ(one["ready"], true);
  EXPECT_EQ(one["peer_count"], 2);
  EXPECT_EQ(one["listen_port"], 51820);
  EXPECT_EQ(one["drops"], nlohmann::json::parse(R"([["replay",3]])"));
  EXPECT_EQ(one["workers"][0]["backend"], "epoll");
  EXPECT_EQ(one["history"], nlohmann::json::parse("[[1800000000000,5,7]]"));
  EXPECT_FALSE(one.contains("peers"));
  EXPECT_EQ(json["interfaces"][1]["answers"], false);
}

TEST(PageJsonTest, SaysWhyAnInterfaceIsNotReady) {
  StatusReport report = Report(0);
  report.link_up = false;
  const std::vector<InterfaceStatus> all = {{"wg0", report}};
  const auto json = nlohmann::json::parse(PageSummaryJson(all, {}, kNow));
  EXPECT_EQ(json["interfaces"][0]["why"], "the link is down");
  EXPECT_EQ(json["interfaces"][0]["ready"], false);
}

TEST(PageJsonTest, PeersAreListsInTheOrderThatThePageReads) {
  StatusReport report = Report(1);
  PeerStatus& peer = report.device.peers[0];
  peer.name = "a\xff</script>";  // not UTF-8
  peer.endpoint = SocketAddress::Parse("192.0.2.1:7");
  peer.last_handshake = kNow;
  for (int i = 0; i < 6; ++i) {
    peer.allowed_ips.push_back(*Prefix::Parse("10.0.0." + std::to_string(i)));
  }
  const auto json =
      nlohmann::json::parse(PagePeersJson(std::vector<InterfaceStatus>{{"wg0", report}}, kNow));
  ASSERT_EQ(json["peers"].size(), 1U);
  const auto& row = json["peers"][0];
  EXPECT_EQ(row[0], "wg0");
  EXPECT_EQ(row[1], "a\xEF\xBF\xBD</script>");
  EXPECT_EQ(row[3], "192.0.2.1:7");
  EXPECT_EQ(row[4], "10.0.0.0/32, 10.0.0.1/32, 10.0.0.2/32, 10.0.0.3/32 and 2 more");
  EXPECT_EQ(row[5], 1'800'000'000);
  EXPECT_EQ(row.size(), 9U);
}

TEST(PageJsonTest, TheNumberOfPeersIsBounded) {
  const std::vector<InterfaceStatus> all = {{"wg0", Report(3)}, {"wg1", Report(3)}};
  const auto json = nlohmann::json::parse(PagePeersJson(all, kNow, 4));
  EXPECT_EQ(json["peers"].size(), 4U);
  EXPECT_EQ(json["left_out"], 2);
}

TEST(StatusPageTest, AllBrowsersGetOneListOfPeersForSomeSeconds) {
  StatusPage page;
  const Instant now = Instant::FromNanoseconds(1'000'000'000);
  EXPECT_FALSE(page.FreshPeers(now).has_value());
  const std::string body =
      page.MakePeers(now, kNow, std::vector<InterfaceStatus>{{"wg0", Report(1)}}).body;
  ASSERT_TRUE(page.FreshPeers(now + absl::Seconds(4)).has_value());
  EXPECT_EQ(page.FreshPeers(now + absl::Seconds(4))->body, body);
  EXPECT_FALSE(page.FreshPeers(now + kPagePeersFresh).has_value());
}

TEST(StatusPageTest, ItsPolicyAllowsItsOwnScriptAlone) {
  const HttpResponse document = StatusPage::Document();
  const std::string* const policy = document.Field("Content-Security-Policy");
  ASSERT_NE(policy, nullptr);
  EXPECT_TRUE(policy->starts_with("default-src 'none'; script-src 'sha256-")) << *policy;
  EXPECT_EQ(policy->find("unsafe"), std::string::npos);
  EXPECT_EQ(policy->find("*"), std::string::npos);
  // No other resource, and no handler or style beside the two elements that the policy names.
  for (const char* const never : {"http:", "https:", "//", " src=", " style=", " onclick="}) {
    const size_t script = document.body.find("<script>");
    EXPECT_EQ(document.body.substr(0, script).find(never), std::string::npos) << never;
  }
}

}  // namespace
}  // namespace ringwire::platform
