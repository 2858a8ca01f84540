#include "platform/gateway/plan_namespace.h"

#include <optional>
#include <string>
#include <utility>

namespace ringwire::platform {

bool HasNamespace(const ConfigFile& config) { return !config.gateway.network_namespace.empty(); }

void PlanNamespace(PlanBuilder* builder) {
  if (!HasNamespace(builder->config())) return;
  const std::string& name = builder->config().gateway.network_namespace;
  const HostFacts& facts = builder->facts();
  std::optional<Action> undo;
  if (!facts.namespace_exists || facts.namespace_is_ours) undo = DeleteNamespace{name};
  // Without the tunnel no way leads out of it, so that it stays when the service dies.
  builder->Add(UseNamespace{name, !facts.namespace_exists}, std::move(undo), /*stays=*/true);
}

void PlanNamespaceDns(PlanBuilder* builder) {
  const std::string& name = builder->config().gateway.network_namespace;
  const NamespaceDnsFacts& facts = builder->facts().namespace_dns;
  builder->Add(SetNamespaceDns{name, NamespaceDnsText(builder->interface(), builder->config().dns),
                               facts.has_file},
               RevertNamespaceDns{name, facts.has_file, facts.folders_missing});
}

}  // namespace ringwire::platform
