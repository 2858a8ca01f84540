#include "platform/gateway/firewall/foreign_firewall.h"

#include <string>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace ringwire::platform {
namespace {

using nlohmann::json;

// A ruleset as libnftables 1.0.6 lists it, made of the parts that a test is about.
class Firewall {
 public:
  Firewall(std::string family, std::string table)
      : family_(std::move(family)), table_(std::move(table)) {}

  Firewall& Base(const char* name, const char* hook, const char* policy,
                 const char* type = "filter") {
    list_.push_back({{"chain",
                      {{"family", family_},
                       {"table", table_},
                       {"name", name},
                       {"handle", 1},
                       {"type", type},
                       {"hook", hook},
                       {"prio", 0},
                       {"policy", policy}}}});
    return *this;
  }
  Firewall& Chain(const char* name) {
    list_.push_back({{"chain", {{"family", family_}, {"table", table_}, {"name", name}}}});
    return *this;
  }
  // `expressions`: the JSON objects, separated by commas.
  Firewall& Rule(const char* chain, const std::string& expressions) {
    list_.push_back({{"rule",
                      {{"family", family_},
                       {"table", table_},
                       {"chain", chain},
                       {"expr", json::parse("[" + expressions + "]")}}}});
    return *this;
  }
  FirewallFacts Facts() const { return {json{{"nftables", list_}}.dump(), {}}; }

 private:
  std::string family_;
  std::string table_;
  json list_ = json::array();
};

constexpr char kAccept[] = R"({"accept":null})";
constexpr char kDrop[] = R"({"drop":null})";
constexpr char kReturn[] = R"({"return":null})";
constexpr char kReject[] = R"({"reject":{"type":"icmpx","expr":"admin-prohibited"}})";
constexpr char kXtState[] = R"({"xt":{"type":"match","name":"conntrack"}},)";
constexpr char kEstablished[] =
    R"({"match":{"op":"in","left":{"ct":{"key":"state"}},"right":["established","related"]}},)";

std::string Meta(const char* key, const std::string& right, const char* op = "==") {
  return fmt::format(R"({{"match":{{"op":"{}","left":{{"meta":{{"key":"{}"}}}},"right":{}}}}},)",
                     op, key, right);
}
std::string In(const std::string& name) { return Meta("iifname", "\"" + name + "\""); }
std::string Out(const std::string& name) { return Meta("oifname", "\"" + name + "\""); }
std::string OutBut(const std::string& name) { return Meta("oifname", "\"" + name + "\"", "!="); }
std::string Port(const std::string& right) {
  return fmt::format(
      R"({{"match":{{"op":"==","left":{{"payload":{{"protocol":"udp","field":"dport"}}}},"right":{}}}}},)",
      right);
}
std::string Address(const char* field, const std::string& right, const char* op = "==") {
  return fmt::format(
      R"({{"match":{{"op":"{}","left":{{"payload":{{"protocol":"ip","field":"{}"}}}},"right":{}}}}},)",
      op, field, right);
}
std::string From(const std::string& right, const char* op = "==") {
  return Address("saddr", right, op);
}
std::string Hidden(const char* extension) {
  return fmt::format(R"({{"xt":{{"type":"match","name":"{}"}}}},)", extension);
}
std::string Jump(const char* target, const char* how = "jump") {
  return fmt::format(R"({{"counter":{{"packets":0,"bytes":0}}}},{{"{}":{{"target":"{}"}}}})", how,
                     target);
}

constexpr char kForward[] = "[Gateway]\nForward = on\n";
constexpr char kListen[] = "[Interface]\nListenPort = 51820\n";

std::vector<std::string> Warnings(const Firewall& firewall, const std::string& text = kForward,
                                  const std::string& allowed = "10.77.0.0/24") {
  ConfigParse parse =
      ParseConfigFile(text +
                      "[Peer]\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n"
                      "AllowedIPs = " +
                      allowed + "\n");
  EXPECT_TRUE(parse.ok());
  return FirewallWarnings("wg0", parse.config, firewall.Facts());
}

std::string Only(const std::vector<std::string>& warnings) {
  EXPECT_EQ(warnings.size(), 1u);
  return warnings.empty() ? std::string() : warnings.front();
}

Firewall Docker() {
  Firewall firewall("ip", "filter");
  firewall.Base("FORWARD", "forward", "drop").Chain("DOCKER-USER");
  firewall.Rule("FORWARD", Jump("DOCKER-USER"));
  firewall.Rule("FORWARD", Out("docker0") + kXtState + kAccept);
  firewall.Rule("FORWARD", In("docker0") + kAccept);
  return firewall;
}

TEST(ForeignFirewallTest, DockerIsNamedWithItsOwnChainForUsers) {
  EXPECT_EQ(Only(Warnings(Docker())),
            "docker's firewall drops what wg0 brings to be forwarded: nft table ip filter, chain "
            "FORWARD, policy drop (`iptables -I DOCKER-USER -i wg0 -j ACCEPT; iptables -I "
            "DOCKER-USER -o wg0 -j ACCEPT` lets it through)");
  Firewall fixed = Docker();
  fixed.Rule("DOCKER-USER", In("wg0") + kAccept).Rule("DOCKER-USER", Out("wg0") + kAccept);
  fixed.Rule("DOCKER-USER", R"({"return":null})");
  EXPECT_TRUE(Warnings(fixed).empty());
}

TEST(ForeignFirewallTest, IsInNobodysWayInANamespaceOfItsOwn) {
  EXPECT_TRUE(Warnings(Docker(), "[Gateway]\nForward = on\nNamespace = vpn\n").empty());
}

TEST(ForeignFirewallTest, AnswersHaveToComeBack) {
  Firewall firewall = Docker();
  firewall.Rule("DOCKER-USER", In("wg*") + kAccept);
  // Those of docker's own networks get through.
  EXPECT_EQ(
      Only(Warnings(firewall)).find("docker's firewall may drop answers on their way into wg0"),
      0u);
  for (const std::string& rule :
       {std::string(kXtState), std::string(kEstablished), Out("wg0") + kXtState}) {
    Firewall fixed = firewall;
    EXPECT_TRUE(Warnings(fixed.Rule("DOCKER-USER", rule + kAccept)).empty()) << rule;
  }
}

TEST(ForeignFirewallTest, UfwFirewalldAndPlainOnesAreToldApart) {
  Firewall ufw("ip6", "filter");
  ufw.Base("FORWARD", "forward", "drop").Chain("ufw6-before-forward");
  EXPECT_NE(Only(Warnings(ufw, kForward, "fd77::/64"))
                .find("`ufw route allow in on wg0; ufw route allow out on wg0` lets it through"),
            std::string::npos);
  Firewall firewalld("inet", "firewalld");
  firewalld.Base("filter_FORWARD", "forward", "accept").Chain("zones");
  firewalld.Rule("filter_FORWARD", std::string(kEstablished) + kAccept);
  firewalld.Rule("filter_FORWARD", Jump("zones")).Rule("filter_FORWARD", kReject);
  firewalld.Rule("zones", In("eth0") + kAccept);
  EXPECT_EQ(Only(Warnings(firewalld)),
            "firewalld drops what wg0 brings to be forwarded: nft table inet firewalld, chain "
            "filter_FORWARD, a rule of filter_FORWARD (`firewall-cmd --zone=trusted "
            "--add-interface=wg0` lets it through)");
  EXPECT_TRUE(Warnings(firewalld.Rule("zones", In("wg0") + kAccept)).empty());
  Firewall iptables("ip6", "filter");
  iptables.Base("FORWARD", "forward", "drop");
  EXPECT_TRUE(Warnings(iptables).empty()) << "no peer has an IPv6 address";
  EXPECT_NE(Only(Warnings(iptables, kForward, "fd77::/64"))
                .find("`ip6tables -I FORWARD -i wg0 -j ACCEPT; ip6tables -I FORWARD -o wg0 -j "
                      "ACCEPT` lets it"),
            std::string::npos);
  Firewall plain("inet", "mine");
  EXPECT_NE(Only(Warnings(plain.Base("pass", "forward", "drop")))
                .find("`nft insert rule inet mine pass iifname '\"wg0\"' accept; nft insert rule "
                      "inet mine pass oifname '\"wg0\"' accept`"),
            std::string::npos);
}

TEST(ForeignFirewallTest, WhatDropsNothingOfOursIsNoMatter) {
  const auto silent = [](const Firewall& firewall, const std::string& text = kForward) {
    return Warnings(firewall, text).empty();
  };
  EXPECT_TRUE(silent(Firewall("ip", "filter").Base("FORWARD", "forward", "accept")));
  EXPECT_TRUE(silent(Firewall("ip", "filter").Base("INPUT", "input", "drop")));
  EXPECT_TRUE(silent(Firewall("bridge", "filter").Base("FORWARD", "forward", "drop")));
  EXPECT_TRUE(silent(Firewall("inet", "ringwire-wg1").Base("forward", "forward", "drop")));
  EXPECT_TRUE(silent(Firewall("ip", "filter").Base("FORWARD", "forward", "drop"), kListen));
  Firewall others("inet", "mine");
  others.Base("pass", "forward", "accept");
  others.Rule("pass", In("eth0") + kReject).Rule("pass", From(R"("10.78.0.1")") + kReject);
  EXPECT_TRUE(silent(others));
}

TEST(ForeignFirewallTest, FollowsRulesAsTheKernelDoes) {
  const auto dropped = [](const std::string& rule, const std::string& of_chain = kAccept) {
    Firewall firewall("inet", "mine");
    firewall.Base("pass", "forward", "drop").Chain("more");
    firewall.Rule("pass", std::string(kEstablished) + kAccept);
    firewall.Rule("pass", rule).Rule("more", of_chain);
    return !Warnings(firewall).empty();
  };
  EXPECT_FALSE(dropped(kAccept));
  EXPECT_FALSE(dropped(Meta("iifname", R"({"set":["eth*","wg0"]})") + kAccept));
  EXPECT_FALSE(dropped(Meta("iifname", R"("eth0")", "!=") + kAccept));
  EXPECT_TRUE(dropped(Meta("iifname", R"("wg0")", "!=") + kAccept));
  EXPECT_TRUE(dropped(Meta("iifname", R"({"set":["eth*","wg1"]})") + kAccept));
  EXPECT_TRUE(dropped(Out("eth0") + kAccept)) << "where it leaves is not known";
  EXPECT_FALSE(dropped(In("wg0") + Out("eth0") + kAccept)) << "somebody has thought of the tunnel";
  EXPECT_FALSE(dropped(From(R"({"prefix":{"addr":"10.0.0.0","len":8}})") + kAccept));
  EXPECT_FALSE(dropped(From(R"({"set":["1.1.1.1","10.77.0.7"]})") + kAccept));
  EXPECT_TRUE(dropped(From(R"("10.78.0.1")") + kAccept));
  EXPECT_FALSE(dropped(Jump("more")));
  EXPECT_FALSE(dropped(Jump("more", "goto")));
  EXPECT_FALSE(dropped(In("wg0") + Jump("more")));
  EXPECT_TRUE(dropped(Jump("more"), In("wg0") + kReturn));
  EXPECT_TRUE(dropped(kReturn));
  EXPECT_TRUE(dropped(Jump("nowhere")));
  EXPECT_FALSE(dropped(Jump("more"), Jump("more"))) << "a loop is not judged";
  constexpr char kMap[] =
      R"({"vmap":{"key":{"meta":{"key":"iifname"}},"data":{"set":[["eth0",{"drop":null}],["NAME",{"jump":{"target":"more"}}]]}}})";
  std::string map = kMap;
  EXPECT_TRUE(dropped(map));
  map.replace(map.find("NAME"), 4, "wg0");
  EXPECT_FALSE(dropped(map));
}

// What is said of rules in front of `policy`: "drops", "may drop", or nothing.
std::string Said(const std::vector<std::string>& rules, const char* policy = "accept",
                 const std::string& text = kForward, const std::string& allowed = "10.77.0.0/24") {
  Firewall firewall("inet", "mine");
  firewall.Base("pass", text == kListen ? "input" : "forward", policy);
  firewall.Chain("shut").Rule("shut", kReject).Chain("open").Rule("open", kAccept);
  firewall.Rule("pass", std::string(kEstablished) + kAccept);
  for (const std::string& rule : rules) firewall.Rule("pass", rule);
  std::string said;
  for (const std::string& warning : Warnings(firewall, text, allowed)) {
    said += warning.find(" may drop ") != std::string::npos ? "may drop" : "drops";
  }
  return said;
}

TEST(ForeignFirewallTest, WhereAPacketLeavesIsUnknownSoThatADropOfAllButSomeIsPossible) {
  EXPECT_EQ(Said({OutBut("eth0") + kDrop}), "may drop");
  EXPECT_EQ(Said({OutBut("eth0") + Jump("shut")}), "may drop");
  EXPECT_EQ(Said({OutBut("eth0") + In("wg0") + kDrop}), "may drop");
  EXPECT_EQ(Said({Out("eth0") + kAccept}, "drop"), "may drop");
  EXPECT_EQ(Said({Out("eth0") + kReturn, kDrop}), "may drop");
  EXPECT_EQ(Said({Address("daddr", R"("10.9.0.1")", "!=") + kDrop}), "may drop");
  EXPECT_EQ(Said({Address("daddr", R"("10.9.0.1")") + kDrop}), "");
  EXPECT_EQ(Said({Out("guests") + kDrop}), "") << "whoever names one means that one";
  EXPECT_EQ(Said({OutBut("eth0") + In("lan0") + kDrop}), "");
  EXPECT_EQ(Said({In("wg0") + Out("eth0") + kAccept, OutBut("eth0") + kDrop}, "drop"), "");
}

TEST(ForeignFirewallTest, MasqueradeSaysWhereAPacketLeaves) {
  const char* const text = "[Gateway]\nMasquerade = eth0\n";
  EXPECT_EQ(Said({OutBut("eth0") + kDrop}, "accept", text), "");
  EXPECT_EQ(Said({Out("eth0") + kAccept, Out("wg0") + kAccept}, "drop", text), "");
  EXPECT_EQ(Said({OutBut("eth1") + kDrop}, "accept", text), "drops");
  EXPECT_EQ(Said({Out("eth1") + kAccept}, "drop", text), "drops");
  EXPECT_EQ(Said({OutBut("eth0") + kDrop}, "accept", "[Gateway]\nMasquerade = auto\n"), "may drop");
}

TEST(ForeignFirewallTest, SpecialKindsOfPacketsAreNoPassForTheOthers) {
  const std::string echo =
      R"({"match":{"op":"==","left":{"payload":{"protocol":"icmp","field":"type"}},"right":"echo-request"}},)";
  const std::string ssh =
      R"({"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":22}},)";
  const std::string not_syn =
      R"({"match":{"op":"!=","left":{"&":[{"payload":{"protocol":"tcp","field":"flags"}},["fin","syn"]]},"right":"syn"}},)";
  for (const std::string& rule : {echo, ssh, Meta("l4proto", R"("icmp")"), Hidden("icmp")}) {
    EXPECT_EQ(Said({rule + kAccept}, "drop"), "drops") << rule;
    EXPECT_EQ(Said({rule + kDrop}), "") << rule;
  }
  EXPECT_EQ(Said({not_syn + kDrop}), "") << "a usual check of sanity";
  EXPECT_EQ(Said({Meta("l4proto", R"({"set":["tcp","udp"]})") + kAccept}, "drop"), "may drop");
  EXPECT_EQ(Said({R"({"limit":{"rate":10,"per":"second","inv":true}},)" + std::string(kDrop)}), "");
  EXPECT_EQ(Said({R"({"queue":{"num":1}})"}, "drop"), "") << "a program decides";
  EXPECT_EQ(Said({R"({"xt":{"type":"target","name":"NFQUEUE"}})"}, "drop"), "");
}

TEST(ForeignFirewallTest, WhoIsInASetWithANameIsUnknown) {
  EXPECT_EQ(Said({From(R"("@bad")") + kDrop}), "") << "a list of others";
  EXPECT_EQ(Said({Meta("iifname", R"("@bad")") + kDrop}), "");
  EXPECT_EQ(Said({Meta("iifname", R"("@trusted")") + kAccept, OutBut("x") + kDrop}), "")
      << "the tunnel may be in it";
  EXPECT_EQ(Said({From(R"("@good")", "!=") + kDrop}), "may drop") << "a list of friends";
  EXPECT_EQ(Said({From(R"("@good")") + kAccept}, "drop"), "may drop");
  EXPECT_EQ(Said({From(R"("@good")") + kReturn, kDrop}), "may drop");
  EXPECT_EQ(Said({From(R"("@bad")", "!=") + kAccept}, "drop"), "") << "the rest is the list";
  EXPECT_EQ(Said({From(R"({"range":["10.77.0.1","10.77.0.9"]})") + kDrop}), "");
  EXPECT_EQ(Said({Hidden("set") + kDrop}), "");
  EXPECT_EQ(Said({Hidden("set") + kAccept}, "drop"), "may drop");
}

TEST(ForeignFirewallTest, NetworksCountByWhatTheyHaveInCommonWithAllowedIps) {
  EXPECT_EQ(Said({From(R"("10.77.0.7")") + kDrop}), "") << "one host of many";
  EXPECT_EQ(Said({From(R"({"prefix":{"addr":"10.77.0.0","len":16}})") + kDrop}), "drops");
  EXPECT_EQ(Said({From(R"({"prefix":{"addr":"10.77.0.0","len":16}})", "!=") + kDrop}), "");
  EXPECT_EQ(Said({From(R"("10.9.0.1")") + kDrop}, "accept", kForward, "0.0.0.0/0"), "");
  EXPECT_EQ(Said({From(R"("10.9.0.1")") + kAccept}, "drop", kForward, "0.0.0.0/0"), "may drop");
  // In a chain of both families a rule about addresses of one does nothing for the other.
  const std::string accept = From(R"({"prefix":{"addr":"10.0.0.0","len":8}})") + kAccept;
  EXPECT_EQ(Said({accept}, "drop", kForward, "10.77.0.0/24, fd77::/64"), "drops");
  EXPECT_EQ(Said({accept, Meta("nfproto", R"("ipv6")") + kAccept}, "drop", kForward,
                 "10.77.0.0/24, fd77::/64"),
            "");
}

TEST(ForeignFirewallTest, MapsOfVerdictsAreFollowed) {
  const auto map = [](const char* key, const std::string& data) {
    return fmt::format(R"({{"vmap":{{"key":{},"data":{}}}}})", key, data);
  };
  constexpr char kIn[] = R"({"meta":{"key":"iifname"}})";
  constexpr char kOut[] = R"({"meta":{"key":"oifname"}})";
  constexpr char kState[] = R"({"ct":{"key":"state"}})";
  EXPECT_EQ(Said({map(kIn, R"({"set":[["*",{"drop":null}],["lan0",{"accept":null}]]})")}), "drops");
  EXPECT_EQ(Said({map(kIn, R"({"set":[["*",{"drop":null}],["wg0",{"goto":{"target":"open"}}]]})")},
                 "drop"),
            "");
  EXPECT_EQ(Said({map(kOut, R"({"set":[["guests",{"drop":null}]]})")}), "");
  EXPECT_EQ(Said({map(kOut, R"({"set":[["eth0",{"accept":null}],["*",{"drop":null}]]})")}),
            "may drop");
  EXPECT_EQ(
      Said({map(kState,
                R"({"set":[["invalid",{"drop":null}],["new",{"jump":{"target":"shut"}}]]})")}),
      "drops");
  EXPECT_EQ(Said({map(kIn, R"("@unknown")")}, "drop"), "may drop");
}

TEST(ForeignFirewallTest, WhatPortForwardSendsIntoTheTunnelIsWanted) {
  const std::string text = "[Gateway]\nPortForward = tcp/8080 -> 10.77.0.2:80\n";
  const std::string in = In("wg0") + kAccept;
  EXPECT_EQ(Said({in}, "drop"), "");
  EXPECT_EQ(Said({in}, "drop", text), "drops");
  const std::string port =
      R"({"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":80}},)";
  const std::string translated =
      R"({"match":{"op":"in","left":{"ct":{"key":"status"}},"right":"dnat"}},)";
  for (const std::string& rule : {port, translated, Out("wg0"), In("eth0") + port}) {
    EXPECT_EQ(Said({in, rule + kAccept}, "drop", text), "") << rule;
  }
  EXPECT_EQ(Said({In("eth0") + kAccept, in}, "drop", text), "may drop");
}

TEST(ForeignFirewallTest, APortThatIsShutIsNamedAndOneThatMayBeOpenIsNot) {
  const auto warnings = [](const std::string& rule) {
    Firewall firewall("ip", "filter");
    firewall.Base("INPUT", "input", "drop").Chain("DOCKER-USER");
    firewall.Rule("INPUT", std::string(kEstablished) + kAccept);
    firewall.Rule("INPUT", In("lo") + kAccept).Rule("INPUT", rule);
    return Warnings(firewall, kListen);
  };
  EXPECT_EQ(Only(warnings(Port("22") + kAccept)),
            "a firewall of iptables drops what peers send to UDP port 51820: nft table ip filter, "
            "chain INPUT, policy drop (`iptables -I INPUT -p udp --dport 51820 -j ACCEPT` lets it "
            "through)");
  EXPECT_EQ(warnings(Port(R"({"set":[22,{"range":[60000,61000]}]})") + kAccept).size(), 1u);
  EXPECT_EQ(warnings(Meta("l4proto", "\"tcp\"") + kAccept).size(), 1u);
  EXPECT_EQ(warnings(Meta("iifname", R"({"set":["lo","wg0"]})") + kAccept).size(), 1u);
  EXPECT_EQ(warnings(std::string(kXtState) + kAccept).size(), 1u) << "for answers";
  for (const std::string& rule :
       {Port("51820"), Port("51820") + kXtState, Port(R"({"set":[22,{"range":[50000,52000]}]})"),
        Port(R"("@ports")"), Meta("l4proto", R"({"set":["tcp","udp"]})"),
        In("eth0") + Port("51820"),
        std::string(R"({"xt":{"type":"match","name":"multiport"}},)")}) {
    EXPECT_TRUE(warnings(rule + kAccept).empty()) << rule;
  }
  EXPECT_EQ(Said({In("lan0") + kAccept}, "drop", kListen), "may drop") << "peers may be elsewhere";
  EXPECT_EQ(Said({From(R"("@friends")") + kAccept}, "drop", kListen), "may drop");
  EXPECT_EQ(Said({From(R"("192.0.2.7")") + Port("51820") + kAccept}, "drop", kListen), "");
  // ufw's, for what is not meant for this host; its rule of the port comes behind.
  Firewall ufw("ip", "filter");
  ufw.Base("INPUT", "input", "drop").Chain("ufw-not-local").Rule("INPUT", Jump("ufw-not-local"));
  ufw.Rule("ufw-not-local", Hidden("addrtype") + kReturn).Rule("ufw-not-local", kDrop);
  EXPECT_EQ(Only(Warnings(ufw, kListen)).find("ufw drops"), 0u);
  EXPECT_TRUE(Warnings(ufw.Rule("INPUT", Port("51820") + kAccept), kListen).empty());
  Firewall shut("ip", "filter");
  shut.Base("INPUT", "input", "drop");
  EXPECT_TRUE(Warnings(shut, "[Interface]\n").empty())
      << "no port of its own, so nobody asks first";
}

TEST(ForeignFirewallTest, LegacyIptablesIsJudgedByPolicyAndInterface) {
  ConfigParse parse = ParseConfigFile(kForward);
  FirewallFacts facts;
  facts.legacy = {{IpFamily::kV4, true, {"eth0", "wg1+"}}, {IpFamily::kV6, false, {}}};
  EXPECT_EQ(Only(FirewallWarnings("wg0", parse.config, facts)),
            "a firewall of iptables-legacy drops what wg0 brings to be forwarded: table filter, "
            "chain FORWARD (`iptables-legacy -I FORWARD -i wg0 -j ACCEPT; iptables-legacy -I "
            "FORWARD -o wg0 -j ACCEPT` lets it through)");
  for (const char* const accepted : {"wg0", "wg+", "+"}) {
    facts.legacy[0].accepted = {accepted};
    EXPECT_TRUE(FirewallWarnings("wg0", parse.config, facts).empty()) << accepted;
  }
}

TEST(ForeignFirewallTest, WhatIsNoRulesetIsNoReasonToWarn) {
  ConfigParse parse = ParseConfigFile(kForward);
  for (const char* const text :
       {"", "{", "[]", "7", R"({"nftables":7})", R"({"nftables":[7,{"chain":7},{"rule":7}]})",
        R"({"nftables":[{"chain":{"family":7}},{"rule":{"expr":[]}},{"rule":{"expr":7}}]})"}) {
    EXPECT_TRUE(FirewallWarnings("wg0", parse.config, {text, {}}).empty()) << text;
  }
  // Expressions that no nft has written, before a policy that drops.
  Firewall odd("ip", "t");
  odd.Base("c", "forward", "drop");
  odd.Rule("c", R"(7,null,{"match":7},{"match":{"op":"==","left":7,"right":7}},{"jump":7})");
  odd.Rule("c", R"({"vmap":7})").Rule("c", R"({"vmap":{"key":7,"data":{"set":[7,[1],[1,2]]}}})");
  odd.Rule("c", R"({"xt":null})");
  EXPECT_EQ(Warnings(odd).size(), 1u);
}

}  // namespace
}  // namespace ringwire::platform
