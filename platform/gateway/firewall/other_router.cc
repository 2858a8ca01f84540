#include "platform/gateway/firewall/other_router.h"

#include <algorithm>
#include <array>
#include <optional>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "platform/base/json_fields.h"
#include "platform/gateway/firewall/legacy_iptables.h"
#include "platform/gateway/firewall/nft_command.h"

namespace ringwire::platform {
namespace {

using nlohmann::json;

// How the names of their chains or tables begin.
struct Router {
  std::string_view beginning;
  std::string_view program;
};
constexpr std::array<Router, 11> kRouters = {{
    {"DOCKER", "docker"},
    {"docker", "docker"},
    {"CNI-", "a container network"},
    {"NETAVARK", "podman"},
    {"netavark", "podman"},
    {"KUBE-", "Kubernetes"},
    {"cali-", "Calico"},
    {"CILIUM_", "Cilium"},
    {"LIBVIRT_", "libvirt"},
    {"libvirt_", "libvirt"},
    {"incus", "Incus"},
}};

const Router* RouterOf(std::string_view name) {
  const auto found = std::ranges::find_if(
      kRouters, [name](const Router& router) { return name.starts_with(router.beginning); });
  return found == kRouters.end() ? nullptr : &*found;
}

}  // namespace

std::string OtherRouterIn(std::string_view listing) {
  const json document = json::parse(listing, nullptr, /*allow_exceptions=*/false);
  const json* const list = ListIn(document, "nftables");
  if (list == nullptr) return {};
  for (const json& object : *list) {
    const json* const chain = MemberIn(object, "chain");
    if (chain == nullptr) continue;
    for (const char* const key : {"name", "table"}) {
      const std::string name = TextIn(*chain, key).value_or("");
      const Router* const router = RouterOf(name);
      if (router == nullptr) continue;
      return fmt::format("the {} {} of {}", key[0] == 'n' ? "chain" : "table", name,
                         router->program);
    }
  }
  return {};
}

std::string FindOtherRouter() {
  if (HasNft()) {
    const auto listing = RunNft(R"({"nftables":[{"list":{"chains":null}}]})", "list chains");
    std::string found = listing.ok() ? OtherRouterIn(*listing) : std::string();
    if (!found.empty()) return found;
  }
  // The names of its own chains are not read.
  const std::optional<LegacyForward> legacy = ReadLegacyForward(IpFamily::kV4);
  const bool has_rules = legacy.has_value() && (legacy->drops || !legacy->accepted.empty());
  return has_rules ? "the chain FORWARD of iptables-legacy" : std::string();
}

}  // namespace ringwire::platform
