#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "nlohmann/json.hpp"
#include "platform/gateway/foreign_firewall.h"
#include "platform/gateway/legacy_iptables.h"
#include "platform/gateway/nft_command.h"
#include "spdlog/spdlog.h"

// The firewalls of this host: only tables in whose chains a packet of ours could end are read, and
// of their sets only those that cannot be long.
namespace ringwire::platform {
namespace {

using nlohmann::json;

// Where the packets of foreign_firewall.cc come by.
constexpr std::array<std::string_view, 5> kHooks = {"ingress", "prerouting", "input", "forward",
                                                    "postrouting"};
// Interfaces and ports; there may be a million addresses.
constexpr std::array<std::string_view, 2> kShortTypes = {"ifname", "inet_service"};
constexpr size_t kSetsMax = 64;

// What is listed; null: it may not be seen.
json List(json what, SetElements elements) {
  const std::string command = json{{"nftables", {{{"list", std::move(what)}}}}}.dump();
  const absl::StatusOr<std::string> answer = RunNft(command, "list the firewall", elements);
  if (!answer.ok()) {
    spdlog::debug("{}", std::string(answer.status().message()));
    return nullptr;
  }
  json document = json::parse(*answer, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object() || !document.contains("nftables")) return nullptr;
  return std::move(document["nftables"]);
}

using TableName = std::pair<std::string, std::string>;  // family, name

std::set<TableName> TablesOfFilters() {
  std::set<TableName> tables;
  for (const json& object : List({{"chains", nullptr}}, SetElements::kLeaveOut)) {
    const auto chain = object.find("chain");
    if (chain == object.end() || chain->value("type", "") != "filter" ||
        std::ranges::find(kHooks, chain->value("hook", "")) == kHooks.end()) {
      continue;
    }
    tables.emplace(chain->value("family", ""), chain->value("table", ""));
  }
  return tables;
}

bool IsShortSet(const json& object, const char* kind) {
  const auto set = object.find(kind);
  if (set == object.end() || !set->contains("type") || !(*set)["type"].is_string()) return false;
  return std::ranges::find(kShortTypes, (*set)["type"].get<std::string>()) != kShortTypes.end();
}

json ListTable(const TableName& table) {
  const json name = {{"family", table.first}, {"name", table.second}};
  json all = List({{"table", name}}, SetElements::kLeaveOut);
  size_t listed = 0;
  for (json& object : all) {
    for (const char* const kind : {"set", "map"}) {
      if (!IsShortSet(object, kind) || ++listed > kSetsMax) continue;
      const json set = {{"family", table.first},
                        {"table", table.second},
                        {"name", object[kind].value("name", "")}};
      for (const json& found : List({{kind, set}}, SetElements::kList)) {
        if (found.contains(kind)) object[kind] = found[kind];
      }
    }
  }
  return all;
}

}  // namespace

FirewallFacts ReadFirewallFacts(const ConfigFile& config) {
  FirewallFacts facts;
  if (!ForwardsHere(config) && config.listen_port.value_or(0) == 0) return facts;
  json all = json::array();
  for (const TableName& table : TablesOfFilters()) {
    for (json& object : ListTable(table)) all.push_back(std::move(object));
  }
  if (!all.empty()) facts.ruleset = json{{"nftables", std::move(all)}}.dump();
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    std::optional<LegacyForward> legacy = ReadLegacyForward(family);
    if (legacy.has_value()) facts.legacy.push_back(*std::move(legacy));
  }
  return facts;
}

}  // namespace ringwire::platform
