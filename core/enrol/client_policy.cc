#include "core/enrol/client_policy.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "core/base/status_macros.h"
#include "fmt/format.h"

namespace ringwire::enrol {
namespace {

// Addresses with a meaning of their own on every host.
struct SpecialNetwork {
  std::string_view prefix;
  std::string_view name;
};
constexpr SpecialNetwork kSpecialNetworks[] = {
    {"127.0.0.0/8", "127.0.0.0/8 (loopback)"},
    {"::1/128", "::1 (loopback)"},
    {"169.254.0.0/16", "169.254.0.0/16 (link-local)"},
    {"fe80::/10", "fe80::/10 (link-local)"},
    {"224.0.0.0/4", "224.0.0.0/4 (multicast)"},
    {"ff00::/8", "ff00::/8 (multicast)"},
    {"240.0.0.0/4", "240.0.0.0/4 (reserved)"},
    {"0.0.0.0/8", "0.0.0.0/8 (this host)"},
    {"::/128", ":: (no address)"},
    {"::ffff:0.0.0.0/96", "::ffff:0.0.0.0/96 (mapped IPv4)"},
};

// nullptr: it is within none of them. Everything (length 0) is within none.
const SpecialNetwork* SpecialNetworkOf(const Prefix& prefix) {
  const auto* const found = std::ranges::find_if(kSpecialNetworks, [&](const SpecialNetwork& one) {
    return prefix.length > 0 && prefix.IsWithin(*Prefix::Parse(one.prefix));
  });
  return found == std::end(kSpecialNetworks) ? nullptr : found;
}

absl::Status Refuse(std::string_view what) {
  return absl::InvalidArgumentError(
      fmt::format("the gateway pushed {}; nothing was changed", what));
}

absl::Status CheckAddress(std::string_view what, const IpAddress& address) {
  const SpecialNetwork* const special = SpecialNetworkOf(Prefix::Of(address, address.Bits()));
  if (special == nullptr) return absl::OkStatus();
  return Refuse(fmt::format("{} in {}", what, special->name));
}

absl::Status CheckAddresses(const PushedConfig& pushed, const ClientLimits& limits) {
  for (const IpAddress& address : pushed.addresses) {
    RETURN_IF_ERROR(CheckAddress("an address", address));
    if (std::ranges::count(limits.host_addresses, address) > 0) {
      return Refuse(fmt::format("the address {}, which this host has", address.ToString()));
    }
  }
  for (const IpAddress& address : pushed.settings.gateway_addresses) {
    RETURN_IF_ERROR(CheckAddress("an address of its own", address));
  }
  for (const IpAddress& server : pushed.settings.dns_servers) {
    RETURN_IF_ERROR(CheckAddress("a name server", server));
  }
  return absl::OkStatus();
}

// An address that is written out; a name is judged when it is resolved.
absl::Status CheckEndpoints(const PushedConfig& pushed) {
  for (const std::string& endpoint : pushed.settings.endpoints) {
    const std::optional<SocketAddress> address = SocketAddress::Parse(endpoint);
    if (!address.has_value()) continue;
    RETURN_IF_ERROR(CheckAddress("an endpoint", address->address));
    if (std::ranges::count(pushed.addresses, address->address) > 0) {
      return Refuse(fmt::format("the endpoint {}, which is inside the tunnel", endpoint));
    }
  }
  return absl::OkStatus();
}

bool IsWithinAny(const Prefix& prefix, std::span<const Prefix> networks) {
  return std::ranges::any_of(networks,
                             [&](const Prefix& network) { return prefix.IsWithin(network); });
}

// Why the route is left out; empty: it is not.
std::string ReasonAgainst(const Prefix& route, const ClientLimits& limits) {
  if (limits.routes.has_value()) {
    return IsWithinAny(route, *limits.routes) ? "" : "Routes does not allow it";
  }
  if (route.length == 0) return "";  // a full tunnel leaves local networks out by itself
  for (const Prefix& network : limits.connected) {
    if (network.IsWithin(route) || route.IsWithin(network)) {
      return fmt::format("this host is connected to {}; add it to Routes to reach it by the tunnel",
                         network.ToString());
    }
  }
  return "";
}

}  // namespace

absl::StatusOr<AcceptedConfig> AcceptPushed(const PushedConfig& pushed,
                                            const ClientLimits& limits) {
  RETURN_IF_ERROR(CheckAddresses(pushed, limits));
  RETURN_IF_ERROR(CheckEndpoints(pushed));
  AcceptedConfig accepted{pushed, {}};
  std::vector<Prefix>& routes = accepted.config.settings.routes;
  routes.clear();
  for (const Prefix& route : pushed.settings.routes) {
    const SpecialNetwork* const special = SpecialNetworkOf(route);
    if (special != nullptr) return Refuse(fmt::format("a route into {}", special->name));
    const std::string reason = ReasonAgainst(route, limits);
    if (reason.empty()) {
      routes.push_back(route);
    } else {
      accepted.left_out.push_back(
          fmt::format("the pushed route {} is left out: {}", route.ToString(), reason));
    }
  }
  if (!limits.takes_dns) {
    accepted.config.settings.dns_servers.clear();
    accepted.config.settings.dns_domains.clear();
  }
  return accepted;
}

}  // namespace ringwire::enrol
