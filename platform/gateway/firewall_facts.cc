#include <set>
#include <utility>

#include "nlohmann/json.hpp"
#include "platform/gateway/foreign_firewall.h"
#include "platform/gateway/legacy_iptables.h"
#include "platform/gateway/nft_command.h"
#include "platform/gateway/ruleset.h"
#include "spdlog/spdlog.h"

// The firewalls of this host: only tables in whose chains a packet of ours could end are read
// whole.
namespace ringwire::platform {
namespace {

using nlohmann::json;

// What is listed; null: it may not be seen.
json List(json what) {
  const std::string command = json{{"nftables", {{{"list", std::move(what)}}}}}.dump();
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

std::set<TableName> TablesAt(const std::set<std::string>& hooks) {
  std::set<TableName> tables;
  for (const json& object : List({{"chains", nullptr}})) {
    const auto chain = object.find("chain");
    if (chain == object.end() || !hooks.contains(chain->value("hook", ""))) continue;
    tables.emplace(chain->value("family", ""), chain->value("table", ""));
  }
  return tables;
}

}  // namespace

FirewallFacts ReadFirewallFacts(const ConfigFile& config) {
  FirewallFacts facts;
  std::set<std::string> hooks;
  if (ForwardsHere(config)) hooks.insert("forward");
  if (config.listen_port.value_or(0) != 0) hooks.insert("input");
  if (hooks.empty()) return facts;
  json all = json::array();
  for (const auto& [family, name] : TablesAt(hooks)) {
    for (json& object : List({{"table", {{"family", family}, {"name", name}}}})) {
      all.push_back(std::move(object));
    }
  }
  if (!all.empty()) facts.ruleset = json{{"nftables", std::move(all)}}.dump();
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    std::optional<LegacyForward> legacy = ReadLegacyForward(family);
    if (legacy.has_value()) facts.legacy.push_back(*std::move(legacy));
  }
  return facts;
}

}  // namespace ringwire::platform
