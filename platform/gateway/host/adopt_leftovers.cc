#include "platform/gateway/host/adopt_leftovers.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "core/base/status_macros.h"
#include "nlohmann/json.hpp"
#include "platform/base/json_fields.h"
#include "platform/gateway/firewall/nft_command.h"
#include "platform/gateway/firewall/nft_table.h"
#include "platform/gateway/plan/leftovers.h"
#include "platform/gateway/plan/packet_marks.h"
#include "platform/netlink/route_netlink.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

using nlohmann::json;

constexpr uint32_t kFirstKernelTable = 253;  // default, main and local
constexpr uint32_t kLastKernelTable = 255;
constexpr char kNftIsLoaded[] = "/sys/module/nf_tables";

bool NamesOwnTable(const Rule& rule) {
  return rule.table != 0 && (rule.table < kFirstKernelTable || rule.table > kLastKernelTable);
}

// The tables with routes that the journals of other interfaces undo.
std::set<uint32_t> TablesOfOthers(const std::string& folder, std::string_view interface) {
  std::set<uint32_t> tables;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().stem().string();
    if (entry->path().extension() != ".journal" || name == interface) continue;
    const absl::StatusOr<Journal> journal = Journal::Copy(folder, name);
    if (!journal.ok()) continue;
    // Numbers of tables are those of a network namespace.
    if (journal->network() != 0 && journal->network() != CurrentNetworkId()) continue;
    for (const Journal::Entry& one : journal->entries()) {
      const auto* const route = std::get_if<action::RemoveRoute>(&one.undo);
      if (route != nullptr) tables.insert(route->route.table);
    }
  }
  return tables;
}

void CollectNumbers(const json& value, std::set<uint32_t>* numbers) {
  if (value.is_number_unsigned() && value.get<uint64_t>() <= UINT32_MAX) {
    numbers->insert(value.get<uint32_t>());
  }
  if (!value.is_structured()) return;
  for (const json& part : value) CollectNumbers(part, numbers);
}

// Whether the kernel may have nft tables: it would load the module to list them. A kernel without
// modules has everything built in.
bool HasNftTables() {
  std::ifstream modules("/proc/modules");
  return ::access(kNftIsLoaded, F_OK) == 0 || modules.peek() == std::ifstream::traits_type::eof();
}

// The names of all our nft tables here.
std::vector<std::string> NftTables() {
  std::vector<std::string> names;
  const auto answer = RunNft(R"({"nftables":[{"list":{"tables":{}}}]})", "list tables");
  if (!answer.ok()) return names;
  const json listed = json::parse(*answer, nullptr, /*allow_exceptions=*/false);
  const json* const list = ListIn(listed, "nftables");
  if (list == nullptr) return names;
  for (const json& object : *list) {
    const json* const table = MemberIn(object, "table");
    if (table == nullptr || TextIn(*table, "family") != "inet") continue;
    std::string name = TextIn(*table, "name").value_or("");
    if (name.starts_with(NftTableName(""))) names.push_back(std::move(name));
  }
  return names;
}

// The routing tables of the marks in nft tables of other interfaces.
std::set<uint32_t> TablesMarkedByOthers(const std::vector<std::string>& nft_tables,
                                        std::string_view interface) {
  std::set<uint32_t> numbers;  // any of which may be a mark
  for (const std::string& name : nft_tables) {
    if (name == NftTableName(interface)) continue;
    const auto answer = RunNft(ListJson(name), "list a table");
    if (answer.ok()) {
      CollectNumbers(json::parse(*answer, nullptr, /*allow_exceptions=*/false), &numbers);
    }
  }
  std::set<uint32_t> tables = numbers;
  for (const uint32_t number : numbers) tables.insert(TableOfMark(number));
  return tables;
}

absl::Status Record(const Leftovers& found, Journal* journal) {
  absl::Status status;
  for (const Route& route : found.routes) {
    status.Update(journal->Record(action::RemoveRoute{route}, /*stays_after_crash=*/true).status());
  }
  for (const Rule& rule : found.rules) {
    status.Update(journal->Record(action::RemoveRule{rule}, /*stays_after_crash=*/true).status());
  }
  return status;
}

}  // namespace

absl::Status AdoptLeftovers(std::string_view interface, const std::string& folder,
                            Journal* journal) {
  if (!journal->entries().empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(RouteNetlink netlink, RouteNetlink::Open());
  ASSIGN_OR_RETURN(const std::vector<Rule> rules, netlink.OwnRules());
  std::vector<Route> routes;
  // Few hosts have such rules, and a list of routes may be long.
  if (std::ranges::any_of(rules, NamesOwnTable)) {
    ASSIGN_OR_RETURN(std::vector<Route> refusing, netlink.RefusingRoutes());
    routes = std::move(refusing);
  }
  std::vector<std::string> nft_tables;
  if (HasNft() && (!routes.empty() || HasNftTables())) nft_tables = NftTables();
  if (!routes.empty()) {
    std::set<uint32_t> claimed = TablesOfOthers(folder, interface);
    claimed.merge(TablesMarkedByOthers(nft_tables, interface));
    std::erase_if(routes, [&claimed](const Route& route) { return claimed.contains(route.table); });
  }
  ASSIGN_OR_RETURN(const RouteNetlink::RuleNumbers numbers, netlink.Rules());
  const Leftovers found = FindLeftovers(routes, rules, numbers.priorities);
  const bool has_table = std::ranges::find(nft_tables, NftTableName(interface)) != nft_tables.end();
  if (!has_table && found.routes.empty()) return absl::OkStatus();
  spdlog::info("{}: takes over what a predecessor without a journal has left behind", interface);
  absl::Status status;
  // It may be that of a kill switch.
  if (has_table) {
    const action::DeleteNftTable undo{NftTableName(interface)};
    status.Update(journal->Record(undo, /*stays_after_crash=*/true).status());
  }
  status.Update(Record(found, journal));
  if (!found.routes.empty()) {
    status.Update(journal->RecordReservation(found.reservation, CurrentNetworkId()));
  }
  return status;
}

}  // namespace ringwire::platform
