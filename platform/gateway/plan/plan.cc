#include "platform/gateway/plan/plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/wire/constants.h"
#include "fmt/format.h"
#include "platform/gateway/plan/plan_bridge.h"
#include "platform/gateway/plan/plan_builder.h"
#include "platform/gateway/plan/plan_forward.h"
#include "platform/gateway/plan/plan_full_tunnel.h"
#include "platform/gateway/plan/plan_kill_switch.h"
#include "platform/gateway/plan/plan_masquerade.h"
#include "platform/gateway/plan/plan_namespace.h"
#include "platform/gateway/plan/plan_port_forward.h"
#include "platform/gateway/plan/plan_return_path.h"
#include "platform/gateway/plan/plan_routes.h"

// The order of it all; what each feature needs is planned in a file of its own.
namespace ringwire::platform {
namespace {

action::RunHook MakeHook(std::string_view key, std::string_view command, size_t place,
                         std::string_view interface) {
  constexpr std::string_view kInterface = "%i";
  action::RunHook hook{std::string(key), {}, static_cast<uint32_t>(place)};
  while (!command.empty()) {
    const size_t at = command.find(kInterface);
    hook.command += command.substr(0, at);
    if (at == std::string_view::npos) break;
    hook.command += interface;
    command.remove_prefix(at + kInterface.size());
  }
  return hook;
}

void AddUpHooks(std::string_view key, const std::vector<std::string>& hooks, PlanBuilder* builder) {
  for (size_t place = 0; place < hooks.size(); ++place) {
    builder->Add(MakeHook(key, hooks[place], place, builder->interface()), std::nullopt);
  }
}

// The undo of these steps is the hooks in their order.
void AddDownHooks(std::string_view key, const std::vector<std::string>& hooks,
                  PlanBuilder* builder) {
  for (size_t place = hooks.size(); place-- > 0;) {
    builder->Add(std::nullopt, MakeHook(key, hooks[place], place, builder->interface()));
  }
}

uint32_t MtuOf(const ConfigFile& config, const HostFacts& facts) {
  if (config.mtu.has_value()) return *config.mtu;
  if (!facts.path_mtu.has_value()) return kDefaultMtu;
  return std::max(*facts.path_mtu, kLeastMtu + kTunnelOverhead) - kTunnelOverhead;
}

void AddLink(PlanBuilder* builder) {
  for (const InterfaceAddress& address : builder->config().addresses) {
    if (address.address.family == IpFamily::kV6 && !builder->facts().has_ipv6) {
      builder->Warn(fmt::format("this host has no IPv6: {} is left out", address.ToString()));
      continue;
    }
    builder->Add(action::AddAddress{address}, action::RemoveAddress{address});
  }
  builder->Add(action::SetMtu{MtuOf(builder->config(), builder->facts())}, std::nullopt);
  builder->Add(action::SetLinkUp{}, std::nullopt);
}

void AddDns(PlanBuilder* builder) {
  const DnsSettings& dns = builder->config().dns;
  const HostFacts& facts = builder->facts();
  if (dns.servers.empty()) return;
  if (HasNamespace(builder->config())) return PlanNamespaceDns(builder);
  if (facts.dns_program == DnsProgram::kNone) {
    builder->Warn(
        "DNS is left as it is: this host has neither a running systemd-resolved nor resolvconf "
        "(install one, or set the name servers in a PostUp)");
    return;
  }
  action::SetDns set{facts.dns_program, std::string(builder->interface()), {}, dns.search};
  if (set.program == DnsProgram::kResolvconf) set.record = facts.resolvconf_prefix + set.record;
  for (const NameServer& server : dns.servers) set.servers.push_back(server.ToString());
  const action::RevertDns revert{set.program, set.record};
  builder->Add(std::move(set), revert);
}

}  // namespace

std::vector<std::string> SysctlsOf(const ConfigFile& config) {
  std::vector<std::string> paths;
  const bool by_source = !config.gateway.route_from.empty();
  if (IsFullTunnel(config) || by_source) paths.emplace_back(kSourceValidMark);
  if (config.gateway.forward) {
    AddSysctlsOfForward(&paths);
    AddSysctlsOfMasquerade(&paths);
  }
  if (config.gateway.return_path) AddSysctlsOfReturnPath(&paths);
  return paths;
}

std::vector<std::pair<std::string, std::string>> SysctlsOf(const Plan& plan) {
  std::vector<std::pair<std::string, std::string>> settings;
  for (const Step& step : plan.steps) {
    const auto* const set =
        step.apply.has_value() ? std::get_if<action::SetSysctl>(&*step.apply) : nullptr;
    if (set != nullptr) settings.emplace_back(set->path, set->value);
  }
  return settings;
}

Sysctls SysctlsBefore(const Plan& plan, const HostFacts& facts, Sysctls now) {
  std::set<std::string> ours;
  for (const Step& step : plan.steps) {
    const auto* const set =
        step.apply.has_value() ? std::get_if<action::SetSysctl>(&*step.apply) : nullptr;
    const auto before = set == nullptr ? facts.sysctls.end() : facts.sysctls.find(set->path);
    if (before == facts.sysctls.end()) continue;
    ours.insert(before->first);
    now[before->first] = before->second;
  }
  RevertFollowers(ours, &now);
  return now;
}

bool NeedsPolicyFacts(const ConfigFile& config) {
  return IsFullTunnel(config) || !config.gateway.route_from.empty() ||
         config.gateway.kill_switch.on || config.gateway.return_path;
}

Plan MakePlan(std::string_view interface, const ConfigFile& config, const HostFacts& facts) {
  PlanBuilder builder(interface, config, facts);
  PlanNamespace(&builder);
  const bool closes_first = PlanKillSwitch(&builder);
  if (closes_first) builder.PlaceNftTable();
  // First, so that a PreUp that fails has them after it too.
  AddDownHooks("PostDown", config.hooks.post_down, &builder);
  AddUpHooks("PreUp", config.hooks.pre_up, &builder);
  if (!closes_first) builder.PlaceNftTable();
  CloseReturnPath(&builder);
  PlanBridge(&builder);
  builder.Add(action::CreateInterface{}, action::DeleteInterface{});
  AddLink(&builder);
  PlanVxlan(MtuOf(config, facts), &builder);
  AddDns(&builder);
  PlanRoutes(&builder);
  PlanForward(&builder);
  PlanPortForward(&builder);
  PlanReturnPath(&builder);
  AddDownHooks("PreDown", config.hooks.pre_down, &builder);
  AddUpHooks("PostUp", config.hooks.post_up, &builder);
  return builder.Finish();
}

std::string CommandsOf(const Plan& plan, std::string_view interface) {
  std::string text;
  for (const std::string& warning : plan.warnings) text += "# " + warning + "\n";
  for (const Step& step : plan.steps) {
    if (!step.apply.has_value()) continue;
    text += CommandsOf(*step.apply, interface, plan.network_namespace) + "\n";
    if (std::holds_alternative<action::CreateInterface>(*step.apply) && plan.fwmark != 0) {
      text += fmt::format("wg set {} fwmark {:#x}\n", interface, plan.fwmark);
    }
  }
  text += "# and to undo it:\n";
  for (auto step = plan.steps.rbegin(); step != plan.steps.rend(); ++step) {
    if (!step->undo.has_value() || IsBoundToInterface(*step->undo)) continue;
    text += CommandsOf(*step->undo, interface, plan.network_namespace) + "\n";
  }
  return text;
}

}  // namespace ringwire::platform
