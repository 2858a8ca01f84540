#include "platform/gateway/plan.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"

namespace ringwire::platform {
namespace {

constexpr uint32_t kFirstTable = 51820;           // as wg-quick
constexpr uint32_t kGreatestMetric = UINT32_MAX;  // behind every other route
constexpr uint32_t kMainRulePriority = 32766;     // where the kernel looks the main table up
constexpr std::string_view kSourceValidMark = "net/ipv4/conf/all/src_valid_mark";
constexpr int kRawPriority = -300;     // NF_IP_PRI_RAW
constexpr int kManglePriority = -150;  // NF_IP_PRI_MANGLE

class Planner {
 public:
  Planner(std::string_view interface, const ConfigFile& config, const HostFacts& facts)
      : interface_(interface), config_(config), facts_(facts) {}

  Plan Make();

 private:
  void AddLink();
  void AddRoutes();
  void AddFullTunnel(const std::vector<Prefix>& defaults);
  void AddFullTunnelFilter();
  void AddPolicy(const Prefix& prefix);
  void AddDns();
  void AddUpHooks(std::string_view key, const std::vector<std::string>& hooks);
  // The undo of these steps is the hooks in their order.
  void AddDownHooks(std::string_view key, const std::vector<std::string>& hooks);

  void Add(std::optional<Action> apply, std::optional<Action> undo, bool stays = false) {
    plan_.steps.push_back({std::move(apply), std::move(undo), stays});
  }
  void AddRouteStep(const Route& route, bool stays = false) {
    Add(AddRoute{route}, RemoveRoute{route}, stays);
  }
  void AddRuleStep(const Rule& rule) { Add(AddRule{rule}, RemoveRule{rule}, true); }
  std::vector<Prefix> RoutedPrefixes();
  bool IsConnected(const Prefix& prefix) const;
  void ChooseTable();

  const std::string_view interface_;
  const ConfigFile& config_;
  const HostFacts& facts_;
  Plan plan_;
  uint32_t table_ = 0;     // of the full tunnel
  uint32_t priority_ = 0;  // of its rule; that of the main table's rule is one less
};

RunHook MakeHook(std::string_view key, std::string_view command, std::string_view interface) {
  constexpr std::string_view kInterface = "%i";
  RunHook hook{std::string(key), {}};
  while (!command.empty()) {
    const size_t at = command.find(kInterface);
    hook.command += command.substr(0, at);
    if (at == std::string_view::npos) break;
    hook.command += interface;
    command.remove_prefix(at + kInterface.size());
  }
  return hook;
}

std::vector<Prefix> AllowedPrefixes(const ConfigFile& config) {
  std::vector<Prefix> prefixes;
  for (const PeerConfig& peer : config.peers) {
    for (const Prefix& prefix : RemainingPrefixes(peer.allowed_ips)) prefixes.push_back(prefix);
  }
  // The longest first, as wg-quick; then as they compare, so that the order is always the same.
  std::ranges::sort(prefixes, [](const Prefix& a, const Prefix& b) {
    return a.length != b.length ? a.length > b.length : a < b;
  });
  const auto repeated = std::ranges::unique(prefixes);
  prefixes.erase(repeated.begin(), repeated.end());
  return prefixes;
}

// Whether the interface's own address brings the route along.
bool Planner::IsConnected(const Prefix& prefix) const {
  return std::ranges::any_of(config_.addresses, [&prefix](const InterfaceAddress& address) {
    return address.address.family == prefix.address.family && address.length <= prefix.length &&
           Prefix::Of(address.address, address.length).Contains(prefix.address);
  });
}

std::vector<Prefix> Planner::RoutedPrefixes() {
  std::vector<Prefix> prefixes = AllowedPrefixes(config_);
  if (facts_.has_ipv6) return prefixes;
  const size_t removed = std::erase_if(
      prefixes, [](const Prefix& prefix) { return prefix.address.family == IpFamily::kV6; });
  if (removed > 0) {
    plan_.warnings.push_back("this host has no IPv6: routes to IPv6 AllowedIPs are left out");
  }
  return prefixes;
}

void Planner::AddLink() {
  for (const InterfaceAddress& address : config_.addresses) {
    Add(AddAddress{address}, RemoveAddress{address});
  }
  Add(SetMtu{config_.mtu.value_or(kDefaultMtu)}, std::nullopt);
  Add(SetLinkUp{}, std::nullopt);
}

void Planner::AddRoutes() {
  if (config_.table.kind == RouteTable::Kind::kOff) return;
  const bool automatic = config_.table.kind == RouteTable::Kind::kAuto;
  const uint32_t table = automatic ? kMainTable : config_.table.number;
  std::vector<Prefix> defaults;
  for (const Prefix& prefix : RoutedPrefixes()) {
    if (automatic && prefix.length == 0) {
      defaults.push_back(prefix);
    } else if (table != kMainTable || !IsConnected(prefix)) {
      AddRouteStep({Route::Type::kInterface, prefix, table, 0});
    }
  }
  if (!defaults.empty()) AddFullTunnel(defaults);
}

void Planner::ChooseTable() {
  const auto in_use = [this](uint32_t table) {
    return std::ranges::find(facts_.tables_in_use, table) != facts_.tables_in_use.end();
  };
  if (plan_.fwmark != 0) {
    table_ = plan_.fwmark;
  } else if (facts_.predecessor_table.has_value()) {
    table_ = *facts_.predecessor_table;
  } else {
    for (table_ = kFirstTable; in_use(table_);) ++table_;
  }
  plan_.fwmark = table_;
  // In front of every rule but the one of the local table, which is 0.
  priority_ = kMainRulePriority;
  for (const uint32_t used : facts_.rule_priorities) {
    if (used > 2) priority_ = std::min(priority_, used);
  }
  priority_ = facts_.predecessor_priority.value_or(priority_ - 1);
}

// The mark is on the sockets by now. What fails closed comes before what carries traffic, and the
// rule that takes traffic comes last.
void Planner::AddFullTunnel(const std::vector<Prefix>& defaults) {
  ChooseTable();
  AddFullTunnelFilter();
  for (const Prefix& prefix : defaults) AddPolicy(prefix);
}

// A packet from elsewhere to an address of the tunnel is forged; and the answer to a datagram of
// the tunnel counts as the tunnel's own where the kernel checks the way back to its source.
void Planner::AddFullTunnelFilter() {
  NftChain raw{"preraw", "filter", "prerouting", kRawPriority, {}};
  for (const InterfaceAddress& address : config_.addresses) {
    raw.rules.push_back({{ArrivesElsewhere(interface_), DestinationIs(address.address),
                          SourceIsNotLocal(), Drop()}});
  }
  const NftChain restore{
      "premangle", "filter", "prerouting", kManglePriority, {{{IsUdp(), RestoreMark()}}}};
  const NftChain save{"postmangle",
                      "filter",
                      "postrouting",
                      kManglePriority,
                      {{{IsUdp(), MarkIs(plan_.fwmark), SaveMark()}}}};
  const NftTable table{NftTableName(interface_), {raw, restore, save}};
  Add(ReplaceNftTable{table}, DeleteNftTable{table.name});
}

void Planner::AddPolicy(const Prefix& prefix) {
  const IpFamily family = prefix.address.family;
  if (family == IpFamily::kV4) {
    const auto mark = facts_.sysctls.find(kSourceValidMark);
    if (mark != facts_.sysctls.end() && mark->second != "1") {
      const std::string path(kSourceValidMark);
      Add(SetSysctl{path, "1", std::nullopt}, SetSysctl{path, mark->second, "1"});
    }
  }
  AddRouteStep({Route::Type::kUnreachable, prefix, table_, kGreatestMetric}, /*stays=*/true);
  AddRouteStep({Route::Type::kInterface, prefix, table_, 0});
  // The local network stays reachable: all of the main table but its default route goes first.
  AddRuleStep({family, priority_ - 1, std::nullopt, kMainTable, 0});
  AddRuleStep({family, priority_, plan_.fwmark, table_, std::nullopt});
}

void Planner::AddDns() {
  if (config_.dns.servers.empty() && config_.dns.search.empty()) return;
  if (facts_.dns_program == DnsProgram::kNone) {
    plan_.warnings.push_back(
        "DNS is left as it is: this host has neither a running systemd-resolved nor resolvconf "
        "(install one, or set the name servers in a PostUp)");
    return;
  }
  SetDns set{facts_.dns_program, std::string(interface_), {}, config_.dns.search};
  if (set.program == DnsProgram::kResolvconf) set.record = facts_.resolvconf_prefix + set.record;
  for (const IpAddress& server : config_.dns.servers) set.servers.push_back(server.ToString());
  const RevertDns revert{set.program, set.record};
  Add(std::move(set), revert);
}

void Planner::AddUpHooks(std::string_view key, const std::vector<std::string>& hooks) {
  for (const std::string& hook : hooks) Add(MakeHook(key, hook, interface_), std::nullopt);
}

void Planner::AddDownHooks(std::string_view key, const std::vector<std::string>& hooks) {
  for (auto hook = hooks.rbegin(); hook != hooks.rend(); ++hook) {
    Add(std::nullopt, MakeHook(key, *hook, interface_));
  }
}

Plan Planner::Make() {
  plan_.fwmark = config_.fwmark.value_or(0);
  AddUpHooks("PreUp", config_.hooks.pre_up);
  AddDownHooks("PostDown", config_.hooks.post_down);
  Add(CreateInterface{}, DeleteInterface{});
  AddLink();
  AddDns();
  AddRoutes();
  AddDownHooks("PreDown", config_.hooks.pre_down);
  AddUpHooks("PostUp", config_.hooks.post_up);
  return std::move(plan_);
}

}  // namespace

std::vector<std::string> SysctlsOf(const ConfigFile& config) {
  if (!IsFullTunnel(config)) return {};
  return {std::string(kSourceValidMark)};
}

bool IsFullTunnel(const ConfigFile& config) {
  if (config.table.kind != RouteTable::Kind::kAuto) return false;
  return std::ranges::any_of(AllowedPrefixes(config),
                             [](const Prefix& prefix) { return prefix.length == 0; });
}

Plan MakePlan(std::string_view interface, const ConfigFile& config, const HostFacts& facts) {
  return Planner(interface, config, facts).Make();
}

std::string CommandsOf(const Plan& plan, std::string_view interface) {
  std::string text;
  for (const std::string& warning : plan.warnings) text += "# " + warning + "\n";
  for (const Step& step : plan.steps) {
    if (!step.apply.has_value()) continue;
    text += CommandsOf(*step.apply, interface) + "\n";
    if (std::holds_alternative<CreateInterface>(*step.apply) && plan.fwmark != 0) {
      text += fmt::format("wg set {} fwmark {:#x}\n", interface, plan.fwmark);
    }
  }
  text += "# and to undo it:\n";
  for (auto step = plan.steps.rbegin(); step != plan.steps.rend(); ++step) {
    if (!step->undo.has_value() || IsBoundToInterface(*step->undo)) continue;
    text += CommandsOf(*step->undo, interface) + "\n";
  }
  return text;
}

}  // namespace ringwire::platform
