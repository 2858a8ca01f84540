#include <gtest/gtest.h>

#include <string>

#include "nlohmann/json.hpp"
#include "platform/gateway/firewall/foreign_firewall.h"
#include "platform/process/program.h"
#include "tests/unit/platform/io/network_namespace.h"

namespace ringwire::platform {
namespace {

using nlohmann::json;

class FirewallFactsTest : public NetworkNamespaceTest {
 protected:
  static void Load(const std::string& commands) {
    const ProgramAnswer answer =
        AskProgram({FindProgram("nft").value_or("nft"), "-f", "-"}, {.input = commands}, 1000);
    ASSERT_TRUE(answer.status.ok()) << answer.status << answer.error;
  }
  static json Read() {
    ConfigFile config;
    config.listen_port = 51820;
    const std::string ruleset = ReadFirewallFacts(config).ruleset;
    return ruleset.empty() ? json::array() : json::parse(ruleset)["nftables"];
  }
  // The object of that kind and name; null: it is not listed.
  static json Find(const json& list, const char* kind, const std::string& name) {
    for (const json& object : list) {
      if (object.contains(kind) && object[kind]["name"] == name) return object[kind];
    }
    return nullptr;
  }
};

TEST_F(FirewallFactsTest, RulesAreReadWithoutTheElementsOfSets) {
  Load(R"(table inet t {
    set bad { type ipv4_addr; elements = { 203.0.113.66 } }
    chain c { type filter hook input priority 0; ip saddr @bad drop; }
  })");
  const json list = Read();
  EXPECT_NE(Find(list, "chain", "c"), nullptr);
  EXPECT_FALSE(Find(list, "set", "bad").contains("elem")) << "there may be a million";
}

TEST_F(FirewallFactsTest, TablesInWhichNoPacketEndsAreLeftOut) {
  EXPECT_EQ(Read(), json::array());
  Load("table ip n { chain c { type nat hook postrouting priority 100; masquerade; }; }");
  Load("table ip r { chain c { type filter hook prerouting priority -300; }; }");
  EXPECT_EQ(Read(), json::array());
  Load("table ip f { chain c { type filter hook forward priority 0; }; }");
  EXPECT_NE(Find(Read(), "chain", "c"), nullptr);
  EXPECT_NE(Find(Read(), "table", "f"), nullptr);
  EXPECT_EQ(Find(Read(), "table", "n"), nullptr);
}

}  // namespace
}  // namespace ringwire::platform
