#include "platform/doctor/judge_host.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace ringwire::platform {
namespace {

// A host on which everything is right.
DoctorFacts GoodHost() {
  DoctorFacts facts;
  facts.rights = {true, true, true, true};
  facts.io_uring = absl::OkStatus();
  facts.offloads = {{"tso", "on", ""}, {"udp-gso", "on", ""}};
  facts.now = absl::FromCivil(absl::CivilDay(2026, 11, 30), absl::UTCTimeZone());
  facts.clock_is_synchronised = true;
  facts.path_mtu = 1500;
  facts.name_servers = {"192.0.2.53"};
  facts.others.interfaces = {"lo", "eth0"};
  return facts;
}

bool Says(const Finding& finding, Verdict verdict, const std::string& text) {
  return finding.verdict == verdict && finding.text.find(text) != std::string::npos;
}

TEST(JudgeHostTest, FindsNothingWrongOnAGoodHost) {
  for (const Finding& finding : JudgeHost(GoodHost())) {
    EXPECT_EQ(finding.verdict, Verdict::kOk) << finding.topic << ": " << finding.text;
    EXPECT_EQ(finding.fix, "");
  }
}

TEST(JudgeHostTest, SaysForEachTopicWhatItFound) {
  std::vector<std::string> topics;
  for (const Finding& finding : JudgeHost(GoodHost())) topics.push_back(finding.topic);
  EXPECT_EQ(topics,
            (std::vector<std::string>{"tun", "capabilities", "seccomp", "io_uring", "offloads",
                                      "MTU", "clock", "firewall", "DNS", "other VPNs"}));
}

TEST(JudgeHostTest, NoTunDeviceIsAFaultWithTheFixForItsReason) {
  DoctorFacts facts = GoodHost();
  facts.tun_error = ENOENT;
  EXPECT_TRUE(Says(JudgeTun(facts), Verdict::kFault, "No such file"));
  EXPECT_NE(JudgeTun(facts).fix.find("modprobe tun"), std::string::npos);
  facts.tun_error = EPERM;
  EXPECT_EQ(JudgeTun(facts).fix.find("modprobe"), std::string::npos);
  EXPECT_NE(JudgeTun(facts).fix.find("--device /dev/net/tun"), std::string::npos);
}

TEST(JudgeHostTest, OnlyNetAdminIsNeeded) {
  DoctorFacts facts = GoodHost();
  facts.rights = {};
  const Findings none = JudgeRights(facts);
  ASSERT_EQ(none.size(), 2u);
  EXPECT_TRUE(Says(none[0], Verdict::kFault, "CAP_NET_ADMIN"));
  EXPECT_TRUE(Says(none[1], Verdict::kWarning, "CAP_SETUID"));
  facts.rights.net_admin = true;
  EXPECT_FALSE(HasFault(JudgeRights(facts)));
}

TEST(JudgeHostTest, WithoutKillAProcessOfAnotherUserIsNotEnded) {
  DoctorFacts facts = GoodHost();
  facts.rights.kill = false;
  ASSERT_EQ(JudgeRights(facts).size(), 1u);
  EXPECT_TRUE(Says(JudgeRights(facts)[0], Verdict::kWarning, "CAP_KILL"));
}

TEST(JudgeHostTest, EachMissingWallHasALine) {
  DoctorFacts facts = GoodHost();
  facts.sandbox = {.can_filter = false, .has_landlock = false, .has_relay_account = false};
  const Findings findings = JudgeSandbox(facts);
  ASSERT_EQ(findings.size(), 3u);
  EXPECT_TRUE(Says(findings[0], Verdict::kWarning, "no seccomp filters"));
  EXPECT_TRUE(Says(findings[1], Verdict::kWarning, "no Landlock"));
  EXPECT_TRUE(Says(findings[2], Verdict::kWarning, "ringwire-relay"));
}

TEST(JudgeHostTest, TheFixForIoUringFollowsFromTheCause) {
  DoctorFacts facts = GoodHost();
  facts.io_uring = absl::PermissionDeniedError("io_uring_setup: Operation not permitted");
  EXPECT_TRUE(Says(JudgeIoUring(facts), Verdict::kWarning, "epoll is used: io_uring_setup"));
  facts.sandbox.is_filtered = true;
  EXPECT_NE(JudgeIoUring(facts).fix.find("seccomp-io_uring.json"), std::string::npos);
  facts.io_uring_disabled = "2";
  EXPECT_EQ(JudgeIoUring(facts).fix, "sysctl -w kernel.io_uring_disabled=0");
  facts.io_uring.reset();
  EXPECT_TRUE(Says(JudgeIoUring(facts), Verdict::kWarning, "not tested"));
}

TEST(JudgeHostTest, NamesOffloadsThatDoNotWorkAndWhy) {
  DoctorFacts facts = GoodHost();
  facts.offloads = {{"tso", "on", ""},
                    {"uso", "refused", "this kernel does not grant it"},
                    {"multishot-read", "unused", "needs io_uring"}};
  const Findings findings = JudgeOffloads(facts);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_TRUE(Says(findings[0], Verdict::kOk, "tso"));
  EXPECT_TRUE(Says(findings[1], Verdict::kWarning, "uso is refused: this kernel"));
}

TEST(JudgeHostTest, ANarrowWayOutIsAWarning) {
  DoctorFacts facts = GoodHost();
  EXPECT_TRUE(Says(JudgeMtu(facts), Verdict::kOk, "so a tunnel gets 1420"));
  facts.path_mtu = 1360;
  EXPECT_TRUE(Says(JudgeMtu(facts), Verdict::kOk, "so a tunnel gets 1280"));
  facts.path_mtu = 1359;
  EXPECT_TRUE(Says(JudgeMtu(facts), Verdict::kWarning, "are fragmented"));
  facts.path_mtu.reset();
  EXPECT_TRUE(Says(JudgeMtu(facts), Verdict::kWarning, "no default route"));
}

TEST(JudgeHostTest, AClockThatIsFarBackIsAFault) {
  DoctorFacts facts = GoodHost();
  facts.clock_is_synchronised = false;
  EXPECT_TRUE(Says(JudgeClock(facts), Verdict::kWarning, "2026-11-30, not synchronised"));
  facts.now = absl::UnixEpoch();
  EXPECT_TRUE(Says(JudgeClock(facts), Verdict::kFault, "it is 1970-01-01 here"));
}

TEST(JudgeHostTest, WithoutNftItSaysWhatDoesNotWork) {
  DoctorFacts facts = GoodHost();
  facts.nft = absl::NotFoundError("this host has no `nft`");
  EXPECT_TRUE(Says(JudgeNft(facts), Verdict::kWarning, "nothing of [Gateway]"));
  EXPECT_EQ(JudgeNft(facts).fix, "install the package `nftables`");
}

TEST(JudgeHostTest, NamesOtherVpnsByTheirRules) {
  DoctorFacts facts = GoodHost();
  facts.others.rules = {{5270, 52, 0}, {32764, 51820, 0xca6c}, {100, 77, 5}};
  facts.others.wide_routes = {{*Prefix::Parse("0.0.0.0/1"), "tun0"}};
  facts.others.interfaces = {"eth0", "tailscale0"};
  const Findings findings = JudgeOtherVpns(facts);
  ASSERT_EQ(findings.size(), 5u);
  EXPECT_TRUE(Says(findings[0], Verdict::kWarning, "of Tailscale chooses routes: priority 5270"));
  EXPECT_TRUE(Says(findings[1], Verdict::kWarning, "of wg-quick or NetworkManager"));
  EXPECT_TRUE(Says(findings[2], Verdict::kWarning,
                   "of another program chooses routes: priority 100, mark 0x5, table 77"));
  EXPECT_TRUE(Says(findings[3], Verdict::kWarning, "tun0 takes 0.0.0.0/1"));
  EXPECT_TRUE(Says(findings[4], Verdict::kWarning, "tailscale0 is here, of Tailscale"));
}

TEST(FindingTest, PutsTheFixBelowItsLine) {
  const Findings findings = {{Verdict::kOk, "tun", "/dev/net/tun opens", ""},
                             {Verdict::kFault, "port", "UDP port 1 is taken", "choose another"}};
  EXPECT_EQ(FormatFindings(findings),
            "ok       tun: /dev/net/tun opens\n"
            "fault    port: UDP port 1 is taken\n"
            "         fix: choose another\n");
  EXPECT_TRUE(HasFault(findings));
  EXPECT_FALSE(HasFault(std::span(findings).first(1)));
}

}  // namespace
}  // namespace ringwire::platform
