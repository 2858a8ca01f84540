#include "platform/gateway/plan/plan_namespace.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "core/config/config_file.h"
#include "fmt/format.h"
#include "platform/netlink/local_networks.h"

namespace ringwire::platform {
namespace {

// Whether everything in there is to take the tunnel, as far as this file decides it.
bool TakesEverything(const ConfigFile& config) {
  if (config.table.kind != RouteTable::Kind::kAuto || !config.gateway.route_from.empty()) {
    return false;
  }
  return std::ranges::any_of(AllowedPrefixes(config),
                             [](const Prefix& prefix) { return prefix.length <= 1; });
}

// The route as `ip route` takes it.
std::string RouteText(const WayOut& way) {
  std::string text = way.prefix.ToString();
  if (!way.interface.empty()) text += " dev " + way.interface;
  if (way.table != kMainTable) text += fmt::format(" table {}", way.table);
  return text;
}

// A namespace that was there before may lead elsewhere. Whoever gave it a narrow way out may want
// it; a wide one would take what is the tunnel's, now or when the tunnel is gone. Nothing leaves by
// either under a kill switch.
void JudgeWaysOut(PlanBuilder* builder) {
  const std::string& name = builder->config().gateway.network_namespace;
  const bool kept_in = builder->config().gateway.kill_switch.on;
  for (const WayOut& way : builder->facts().ways_out) {
    const std::string text = fmt::format(
        "programs in the network namespace {0} {1} by the route {2} instead of the tunnel (`ip -n "
        "{0} -{3} route delete {2}` removes it{4})",
        name, kept_in ? "cannot reach what they send" : "can reach the world", RouteText(way),
        way.prefix.address.family == IpFamily::kV6 ? 6 : 4,
        kept_in ? "" : "; KillSwitch = on lets nothing leave by it");
    if (!kept_in && IsWide(way.prefix) && TakesEverything(builder->config())) {
      return builder->Refuse(text);
    }
    builder->Warn(text);
  }
}

}  // namespace

bool HasNamespace(const ConfigFile& config) { return !config.gateway.network_namespace.empty(); }

void PlanNamespace(PlanBuilder* builder) {
  if (!HasNamespace(builder->config())) return;
  const std::string& name = builder->config().gateway.network_namespace;
  const HostFacts& facts = builder->facts();
  std::optional<Action> undo;
  if (!facts.namespace_exists || facts.namespace_is_ours) undo = action::DeleteNamespace{name};
  // Without the tunnel no way leads out of it, so that it stays when the service dies.
  builder->Add(action::UseNamespace{name, !facts.namespace_exists}, std::move(undo),
               /*stays=*/true);
  JudgeWaysOut(builder);
}

void PlanNamespaceDns(PlanBuilder* builder) {
  const std::string& name = builder->config().gateway.network_namespace;
  const NamespaceDnsFacts& facts = builder->facts().namespace_dns;
  builder->Add(
      action::SetNamespaceDns{name, NamespaceDnsText(builder->interface(), builder->config().dns),
                              facts.has_file},
      action::RevertNamespaceDns{name, facts.has_file, facts.folders_missing});
}

}  // namespace ringwire::platform
