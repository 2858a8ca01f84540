#include "platform/gateway/firewall/nft_table_check.h"

#include <gtest/gtest.h>

#include <string>

#include "fmt/format.h"
#include "platform/gateway/firewall/nft_packet.h"

namespace ringwire::platform {
namespace {

constexpr NftHook kOutput{"output", "filter", "output", 0};

NftTable Table() { return {"ringwire-wg0", {{kOutput, {{{Drop()}}, {{Drop()}}}}}, {}}; }

std::string Listing(const std::string& objects) {
  return fmt::format(R"({{"nftables":[{{"metainfo":{{"version":"1.0.6"}}}}{}]}})", objects);
}
constexpr char kTable[] = R"(,{"table":{"family":"inet","name":"ringwire-wg0","handle":1}})";
constexpr char kChain[] = R"(,{"chain":{"family":"inet","name":"output","policy":"accept"}})";
constexpr char kRule[] = R"(,{"rule":{"family":"inet","chain":"output","expr":[{"drop":null}]}})";

TEST(NftTableCheckTest, AWholeTableHasEachChainWithItsRules) {
  EXPECT_TRUE(IsTableWhole(Listing(std::string(kTable) + kChain + kRule + kRule), Table()));
}

TEST(NftTableCheckTest, AnythingElseIsDamaged) {
  const std::string table = kTable;
  const std::string chain = kChain;
  const std::string rule = kRule;
  const std::string dormant =
      R"(,{"table":{"family":"inet","name":"ringwire-wg0","flags":["dormant"]}})";
  const std::string other_chain = R"(,{"chain":{"family":"inet","name":"input"}})";
  for (const std::string& objects :
       {std::string(), table, table + chain, table + chain + rule,
        table + chain + rule + rule + rule, dormant + chain + rule + rule,
        table + other_chain + rule + rule, table + chain + other_chain + rule + rule}) {
    EXPECT_FALSE(IsTableWhole(Listing(objects), Table())) << objects;
  }
  EXPECT_FALSE(IsTableWhole("", Table()));
  EXPECT_FALSE(IsTableWhole("[]", Table()));
}

TEST(NftTableCheckTest, ItsSetsBelongToIt) {
  NftTable table = Table();
  table.sets.push_back({"clients4", IpFamily::kV4});
  const std::string rules = std::string(kTable) + kChain + kRule + kRule;
  EXPECT_FALSE(IsTableWhole(Listing(rules), table));
  EXPECT_TRUE(IsTableWhole(Listing(rules + R"(,{"set":{"name":"clients4"}})"), table));
}

}  // namespace
}  // namespace ringwire::platform
