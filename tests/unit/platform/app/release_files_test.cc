#include <gtest/gtest.h>

#include <algorithm>
#include <ranges>
#include <string>
#include <vector>

#include "platform/base/read_file.h"
#include "platform/control/sockets/status_report.h"
#include "platform/gateway/host/journal.h"
#include "platform/names/name_cache.h"

// Files that earlier releases wrote (tests/fixtures/README.md).
namespace ringwire::platform {
namespace {

const std::string kFolder = RINGWIRE_FIXTURES "/0.1.0";

absl::StatusOr<StatusReport> ReportOf010() {
  return ReportFromJson(ReadFile(kFolder + "/wga.status.json").value_or(""));
}

TEST(ReleaseFilesTest, TheJournalsOf010AreRead) {
  const struct {
    const char* interface;
    size_t entries;
    uint32_t interface_index;
  } kJournals[] = {{"wga", 8, 3}, {"wgb", 14, 3}, {"wgc", 4, 2}};
  for (const auto& wanted : kJournals) {
    const absl::StatusOr<Journal> journal = Journal::Copy(kFolder, wanted.interface);
    ASSERT_TRUE(journal.ok()) << journal.status();
    EXPECT_EQ(std::ranges::distance(journal->entries()), wanted.entries) << wanted.interface;
    EXPECT_EQ(journal->interface_index(), wanted.interface_index) << wanted.interface;
    EXPECT_NE(journal->network(), 0U) << wanted.interface;
  }
  const absl::StatusOr<Journal> forwards = Journal::Copy(kFolder, "wga");
  ASSERT_EQ(forwards->reservation().port_forwards.size(), 1U);
  EXPECT_EQ(forwards->reservation().port_forwards[0].ports.first, 8080);
  const absl::StatusOr<Journal> full_tunnel = Journal::Copy(kFolder, "wgb");
  EXPECT_TRUE(full_tunnel->reservation().kill_switch);
  EXPECT_EQ(full_tunnel->reservation().mark, 51820U);
  const absl::StatusOr<Journal> own_namespace = Journal::Copy(kFolder, "wgc");
  EXPECT_EQ(own_namespace->network_namespace(), "vpn");
}

TEST(ReleaseFilesTest, TheKnownNamesOf010AreRead) {
  const KnownNames known = LoadKnownNames(kFolder + "/wgb.names");
  ASSERT_TRUE(known.contains("hub.example"));
  EXPECT_EQ(known.at("hub.example"),
            (std::vector<SocketAddress>{{*IpAddress::Parse("192.0.2.1"), 0, 0}}));
}

TEST(ReleaseFilesTest, TheStatusOf010IsRead) {
  const absl::StatusOr<StatusReport> report = ReportOf010();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->version, "0.1.0");
  EXPECT_EQ(report->device.peers.size(), 1U);
  EXPECT_EQ(report->workers.size(), 2U);
  EXPECT_EQ(report->drops, (NamedCounts{{"no_peer_for_destination", 2}}));
}

}  // namespace
}  // namespace ringwire::platform
