#include <set>
#include <string>
#include <utility>

#include "nlohmann/json.hpp"
#include "platform/gateway/firewall/foreign_firewall.h"
#include "platform/gateway/firewall/legacy_iptables.h"
#include "platform/gateway/firewall/nft_command.h"
#include "spdlog/spdlog.h"

// Reads the firewalls of this host, except tables that no warning could be about.
namespace ringwire::platform {
namespace {

using nlohmann::json;

// The whole ruleset, without the elements of sets: there may be a million. null: it may not be
// seen.
json ListRuleset() {
  const std::string command = json{{"nftables", {{{"list", {{"ruleset", nullptr}}}}}}}.dump();
  const absl::StatusOr<std::string> answer = RunNft(command, "list the firewall");
  if (!answer.ok()) {
    spdlog::debug("{}", std::string(answer.status().message()));
    return nullptr;
  }
  json document = json::parse(*answer, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object() || !document.contains("nftables")) return nullptr;
  return std::move(document["nftables"]);
}

using TableName = std::pair<std::string, std::string>;  // family, name

// The tables with a chain that Ruleset judges.
std::set<TableName> TablesOfFilters(const json& ruleset) {
  std::set<TableName> tables;
  for (const json& object : ruleset) {
    const auto chain = object.find("chain");
    if (chain == object.end() || chain->value("type", "") != "filter") continue;
    const std::string hook = chain->value("hook", "");
    if (hook != "forward" && hook != "input") continue;
    tables.emplace(chain->value("family", ""), chain->value("table", ""));
  }
  return tables;
}

// The table that an object is in, or is.
TableName TableOf(const json& object) {
  if (!object.is_object() || object.empty() || !object.front().is_object()) return {};
  const json& inside = object.front();
  const char* const name = object.contains("table") ? "name" : "table";
  return {inside.value("family", ""), inside.value(name, "")};
}

json ListFilters() {
  json all = json::array();
  json ruleset = ListRuleset();
  const std::set<TableName> tables = TablesOfFilters(ruleset);
  for (json& object : ruleset) {
    if (tables.contains(TableOf(object))) all.push_back(std::move(object));
  }
  return all;
}

}  // namespace

FirewallFacts ReadFirewallFacts(const ConfigFile& config) {
  FirewallFacts facts;
  if (!ForwardsHere(config) && config.listen_port.value_or(0) == 0) return facts;
  json all = ListFilters();
  if (!all.empty()) facts.ruleset = json{{"nftables", std::move(all)}}.dump();
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    std::optional<LegacyForward> legacy = ReadLegacyForward(family);
    if (legacy.has_value()) facts.legacy.push_back(*std::move(legacy));
  }
  return facts;
}

}  // namespace ringwire::platform
