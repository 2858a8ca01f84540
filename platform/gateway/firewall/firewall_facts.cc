#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "nlohmann/json.hpp"
#include "platform/gateway/firewall/foreign_firewall.h"
#include "platform/gateway/firewall/legacy_iptables.h"
#include "platform/gateway/firewall/nft_command.h"
#include "spdlog/spdlog.h"

// The firewalls of this host. Tables in whose chains no packet of ours could end are left out, and
// so are the elements of sets that can be long.
namespace ringwire::platform {
namespace {

using nlohmann::json;

// Where the packets of foreign_firewall.cc come by.
constexpr std::array<std::string_view, 5> kHooks = {"ingress", "prerouting", "input", "forward",
                                                    "postrouting"};
// Interfaces and ports; there may be a million addresses.
constexpr std::array<std::string_view, 2> kShortTypes = {"ifname", "inet_service"};
constexpr size_t kSetsMax = 32;  // each takes a run of nft

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

// Of tables in whose chains a packet of ours could end.
std::set<TableName> TablesOfFilters(const json& ruleset) {
  std::set<TableName> tables;
  for (const json& object : ruleset) {
    const auto chain = object.find("chain");
    if (chain == object.end() || chain->value("type", "") != "filter" ||
        std::ranges::find(kHooks, chain->value("hook", "")) == kHooks.end()) {
      continue;
    }
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

bool IsShortSet(const json& object, const char* kind) {
  const auto set = object.find(kind);
  if (set == object.end() || !set->contains("type") || !(*set)["type"].is_string()) return false;
  return std::ranges::find(kShortTypes, (*set)["type"].get<std::string>()) != kShortTypes.end();
}

// nft lists one set at a time.
void ListElements(json* object, const char* kind) {
  json& set = (*object)[kind];
  const json name = {{"family", set.value("family", "")},
                     {"table", set.value("table", "")},
                     {"name", set.value("name", "")}};
  for (const json& found : List({{kind, name}}, SetElements::kList)) {
    if (found.contains(kind)) set = found[kind];
  }
}

json ListFilters() {
  json all = json::array();
  json ruleset = List({{"ruleset", nullptr}}, SetElements::kLeaveOut);
  const std::set<TableName> tables = TablesOfFilters(ruleset);
  size_t listed = 0;
  for (json& object : ruleset) {
    if (!tables.contains(TableOf(object))) continue;
    for (const char* const kind : {"set", "map"}) {
      if (IsShortSet(object, kind) && ++listed <= kSetsMax) ListElements(&object, kind);
    }
    all.push_back(std::move(object));
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
