#include "platform/gateway/firewall/nft_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "platform/gateway/firewall/nft_command.h"
#include "platform/gateway/firewall/nft_connection.h"
#include "platform/gateway/firewall/nft_packet.h"
#include "platform/process/program.h"
#include "tests/unit/platform/io/network_namespace.h"

namespace ringwire::platform {
namespace {

using nlohmann::json;

constexpr char kName[] = "ringwire-wg0";
constexpr NftHook kFilter{"c", "filter", "prerouting", -300};

NftTable TableWith(std::vector<NftRule> rules) {
  return {kName, {{kFilter, std::move(rules)}}, {}};
}

TEST(NftTableTest, AReplacementIsOneTransactionThatCannotMeetAnOldTable) {
  const json document = json::parse(ReplaceJson(TableWith({{{Drop()}}})));
  std::string order;
  for (const json& command : document["nftables"]) {
    order += command.begin().key() + " " + command.begin().value().begin().key() + "; ";
  }
  EXPECT_EQ(order, "add table; delete table; add table; add chain; add rule; ");
}

TEST(NftTableTest, EveryLegalInterfaceHasALegalNameOfItsOwn) {
  EXPECT_EQ(NftTableName("wg-0_a.b"), "ringwire-wg-0_a.b");
  EXPECT_EQ(NftTableName("a=+b"), "ringwire-a/3d/2bb");
}

// Rules as the kernel lists them, but for their numbers. Nothing: the table is not there.
std::string Listed(const std::string& name, NftFamily family = NftFamily::kInet) {
  const auto answer = RunNft(ListJson(name, family), "list a table");
  if (!answer.ok()) return {};
  json list = json::parse(*answer)["nftables"];
  std::string text;
  for (json& object : list) {
    if (object.contains("metainfo")) continue;
    object.front().erase("handle");
    text += object.dump() + "\n";
  }
  return text;
}

absl::Status Type(const std::string& commands) {
  const ProgramAnswer answer = AskProgram({"/bin/sh", "-e", "-c", commands}, {}, 1000);
  EXPECT_EQ(answer.error, "") << commands;
  return answer.status;
}

// What is printed is what runs: in two namespaces the kernel gets the same rules from the commands
// that a person types and from the transaction that nft is told.
class NftSpellingsTest : public NetworkNamespaceTest {
 protected:
  static void ExpectSame(const NftTable& table) {
    const std::string told = [&table] {
      const NetworkNamespace here;
      const auto answer = RunNft(ReplaceJson(table), "load the table");
      EXPECT_TRUE(answer.ok()) << answer.status() << ReplaceJson(table);
      return Listed(table.name, table.family);
    }();
    const std::string typed = [&table] {
      const NetworkNamespace here;
      const absl::Status status = Type(ReplaceCommands(table));
      EXPECT_TRUE(status.ok()) << status << ReplaceCommands(table);
      return Listed(table.name, table.family);
    }();
    EXPECT_NE(told, "");
    EXPECT_EQ(typed, told) << ReplaceCommands(table);
  }
};

PortForward Forward(PortForward::Protocol protocol, PortRange ports, const char* target,
                    PortRange target_ports) {
  return {protocol, ports, *IpAddress::Parse(target), target_ports};
}

std::vector<NftRule> RulesAboutPackets() {
  const IpAddress v4 = *IpAddress::Parse("10.77.0.1");
  const IpAddress v6 = *IpAddress::Parse("fd77::1");
  std::vector<NftRule> rules = {
      {{Arrives("wg0"), Drop()}},
      {{ArrivesElsewhere("wg0"), DestinationIs(v4), SourceIsNotLocal(), Accept()}},
      {{Leaves("wg0"), DestinationIs(v6), DestinationIsLocal(), Accept()}},
      {{LeavesElsewhere("wg0"), IsUdp(), MarkIs(0xca6c), Accept()}},
      {{IsFamily(IpFamily::kV4), PortIs("udp", "sport", 68), PortIs("udp", "dport", 67), Drop()}},
      {{IsFamily(IpFamily::kV6), IsIgmp(), Drop()}},
      {{IcmpTypeIs("redirect"), Drop()}},
      {{Icmpv6TypeIn({"nd-redirect"}), Drop()}},
      {{Icmpv6TypeIn({"nd-router-solicit", "mld2-listener-report"}), Drop()}},
      {{MarkIsNot(0xca6c), SourceIsNotBehind("wg0"), Drop()}},
      {{IsUdp(), IsForSocketMarked(0x1000), SetMark(0x1000)}},
      {{SetSource(v4)}},
      {{SetSource(v6)}},
  };
  for (const char* const text :
       {"10.0.0.0/8", "10.1.2.3/32", "0.0.0.0/1", "fd00::/9", "fd77::1/128", "2001:db8::/33"}) {
    const Prefix prefix = *Prefix::Parse(text);
    rules.push_back({{DestinationWithin(prefix), Drop()}});
    rules.push_back({{SourceIsIn(prefix), DestinationIsNotIn(prefix), Drop()}});
  }
  return rules;
}

TEST_F(NftSpellingsTest, AboutPackets) { ExpectSame(TableWith(RulesAboutPackets())); }

// What the kernel knows at some hooks only.
TEST_F(NftSpellingsTest, AboutRoutesAndSockets) {
  ExpectSame({kName,
              {{{"f", "filter", "forward", -150}, {{{Leaves("wg0"), IsTcpSyn(), ClampMss()}}}},
               {{"o", "route", "output", -250},
                {{{MarkIs(0), IsOfUnboundSocket(), Accept()}},
                 {{IsUdp(), IsFromSocketOf(0), IsFromSocketOf(1000), Accept()}}}}},
              {}});
}

TEST_F(NftSpellingsTest, AboutConnections) {
  constexpr auto kTcp = PortForward::Protocol::kTcp;
  constexpr auto kUdp = PortForward::Protocol::kUdp;
  ExpectSame(TableWith({
      {{BeginsConnection(), MarkConnection(0x10000)}},
      {{IsAnswer(), ConnectionMarkIs(0x10000), Accept()}},
      {{IsRequest(), Drop()}},
      {{HasNoConnection(), Drop()}},
      {{WasForwarded(), OfProtocol(kTcp), OriginalPortIn({80, 90}), Accept()}},
      {{OfProtocol(kUdp), OriginalPortIn({53, 53}), Accept()}},
      {{DestinationPortIn(kTcp, {80, 80}), DestinationPortIn(kTcp, {1, 65535}), Accept()}},
  }));
}

TEST_F(NftSpellingsTest, AboutFramesOfASegment) {
  ExpectSame(TableWith(
      {{{ArrivesElsewhere("wg0"), PortIs("udp", "dport", 4789), IsOfVxlan(77), Drop()}}}));
  NftRule large{{Leaves("vxwg0"), IsNotTcp(), IsLonger(1370), Count(), Drop()}};
  NftRule v4{{Leaves("vxwg0"), CarriesFamily(IpFamily::kV4), IsTcpSyn(), ClampMssTo(1330)}};
  NftRule v6{{Arrives("vxwg0"), CarriesFamily(IpFamily::kV6), IsTcpSyn(), ClampMssTo(1310)}};
  ExpectSame({kName, {{{"f", "filter", "forward", 0}, {large, v4, v6}}}, {}, NftFamily::kBridge});
}

TEST_F(NftSpellingsTest, AboutWhoIsRemembered) {
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    const NftSet set{"clients0", family};
    NftTable table = TableWith({{{Remember(set)}},
                                {{IsUdp(), Forget(set)}},
                                {{IsFromRemembered(set), Accept()}},
                                {{IsFromUnremembered(set), Drop()}},
                                {{IsToRemembered(set), Drop()}}});
    table.sets.push_back(set);
    ExpectSame(table);
  }
}

TEST_F(NftSpellingsTest, AboutAddressesThatAreTranslated) {
  constexpr auto kTcp = PortForward::Protocol::kTcp;
  constexpr auto kUdp = PortForward::Protocol::kUdp;
  const auto to = [](const PortForward& forward) -> NftRule {
    return {{IsFamily(forward.target.family), DestinationPortIn(forward.protocol, forward.ports),
             ForwardTo(forward)}};
  };
  ExpectSame({kName,
              {{{"d", "nat", "prerouting", -100},
                {to(Forward(kTcp, {80, 80}, "10.77.0.2", {80, 80})),
                 to(Forward(kTcp, {80, 89}, "fd77::2", {80, 89})),
                 to(Forward(kUdp, {53, 53}, "10.77.0.2", {5353, 5353})),
                 to(Forward(kUdp, {53, 53}, "fd77::2", {5353, 5353})),
                 to(Forward(kTcp, {1000, 1003}, "10.77.0.2", {2000, 2003})),
                 to(Forward(kUdp, {1000, 1003}, "fd77::2", {2000, 2003}))}},
               {{"s", "nat", "postrouting", 100},
                {{{Leaves("wg0"), Masquerade()}},
                 {{SourcePortIn(kUdp, {1024, 65535}), MasqueradeFrom({1025, 65535})}},
                 {{SourcePortIn(kUdp, {1, 1}), MasqueradeFrom({2, 2})}}}},
               {{"f", "filter", "forward", 0}, {{{Refuse()}}}},
               {{"o", "route", "output", -150}, {{{MarkIs(1), SetMark(2)}}}}},
              {}});
}

// Names that are legal for an interface and none of nft's language.
TEST_F(NftSpellingsTest, AboutInterfacesOfAnyName) {
  NftTable table = TableWith({});
  table.name = NftTableName("a=+b");
  for (const char* const name : {"1", "-a", "a=+b", "drop", "it's", "$(id)", "eth*", "a`b", "\\",
                                 "ü", "a;b", "#", "{", "a@s", "a,b", "15-characters-x"}) {
    table.chains.front().rules.push_back({{Arrives(name), LeavesElsewhere(name), Drop()}});
  }
  ExpectSame(table);
}

TEST_F(NftSpellingsTest, ATableThatIsThereIsReplacedAndRemoved) {
  const NftTable old{kName, {{{"old", "filter", "forward", 0}, {{{Drop()}}}}}, {}};
  const NftTable fresh = TableWith({{{Accept()}}});
  for (const bool typed : {false, true}) {
    const NetworkNamespace here;
    const auto load = [typed](const NftTable& table) {
      return typed ? Type(ReplaceCommands(table)) : RunNft(ReplaceJson(table), "load").status();
    };
    const auto remove = [typed] {
      return typed ? Type(DeleteCommands(kName)) : RunNft(DeleteJson(kName), "remove").status();
    };
    EXPECT_TRUE(load(old).ok());
    EXPECT_TRUE(load(fresh).ok());
    EXPECT_NE(Listed(kName).find("accept"), std::string::npos);
    EXPECT_EQ(Listed(kName).find("drop"), std::string::npos);
    EXPECT_TRUE(remove().ok());
    EXPECT_EQ(Listed(kName), "");
    EXPECT_TRUE(remove().ok()) << "also where there is none";
    EXPECT_TRUE(load(old).ok());
    EXPECT_TRUE(Type(DeleteExistingCommand(kName)).ok());
    EXPECT_EQ(Listed(kName), "");
  }
}

// Nothing of a transaction holds if one of its commands is refused.
TEST_F(NftSpellingsTest, ATransactionIsAllOrNothing) {
  const NetworkNamespace here;
  ASSERT_TRUE(RunNft(ReplaceJson(TableWith({{{Drop()}}})), "load").ok());
  const std::string before = Listed(kName);
  const NftTable bad{kName,
                     {{kFilter, {{{Accept()}}}}, {{"n", "nat", "forward", 0}, {{{Accept()}}}}},
                     {}};  // no such hook for nat
  EXPECT_FALSE(RunNft(ReplaceJson(bad), "load").ok());
  EXPECT_EQ(Listed(kName), before);
}

}  // namespace
}  // namespace ringwire::platform
