#include "platform/connect/connected_config.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "fmt/format.h"

namespace ringwire::platform {
namespace {

// Host addresses: the pushed routes decide what else the interface reaches.
void AddAddresses(const enrol::PushedConfig& accepted, ConfigFile* config) {
  for (const IpAddress& address : accepted.addresses) {
    config->addresses.push_back({address, static_cast<uint8_t>(address.Bits())});
  }
}

void AddDns(const enrol::PushedSettings& settings, ConfigFile* config) {
  if (!config->dns.servers.empty() || !config->dns.search.empty()) return;
  for (const IpAddress& server : settings.dns_servers) config->dns.servers.push_back({server, {}});
  config->dns.search = settings.dns_domains;
}

std::vector<AllowedIpChange> AllowedIpsOf(const enrol::PushedSettings& settings) {
  std::vector<AllowedIpChange> allowed;
  const auto add = [&allowed](const Prefix& prefix) {
    const bool is_there = std::ranges::any_of(
        allowed, [&prefix](const AllowedIpChange& one) { return one.prefix == prefix; });
    if (!is_there) allowed.push_back({prefix, false});
  };
  for (const IpAddress& address : settings.gateway_addresses) {
    add(Prefix::Of(address, address.Bits()));
  }
  for (const Prefix& route : settings.routes) add(route);
  return allowed;
}

}  // namespace

absl::StatusOr<ConfigFile> ConnectedConfig(const ConfigFile& own,
                                           const enrol::PushedConfig& accepted,
                                           const crypto::PresharedKey& preshared_key) {
  const enrol::PushedSettings& settings = accepted.settings;
  const std::string endpoint = settings.endpoints.empty() ? "" : settings.endpoints.front();
  std::optional<EndpointName> name = EndpointName::Parse(endpoint);
  if (!name.has_value()) {
    return absl::InvalidArgumentError(
        "the gateway pushed an endpoint that is no HOST:PORT; nothing was changed");
  }
  ConfigFile config = own;
  AddAddresses(accepted, &config);
  if (!config.mtu.has_value() && settings.mtu != 0) config.mtu = settings.mtu;
  AddDns(settings, &config);
  PeerConfig& gateway = config.peers.emplace_back();
  gateway.public_key = accepted.gateway_key;
  gateway.preshared_key = preshared_key;
  gateway.endpoint = std::move(name);
  gateway.persistent_keepalive_seconds = settings.keepalive_s;
  gateway.allowed_ips = AllowedIpsOf(settings);
  gateway.names_allowed_ips = true;
  gateway.name = own.connect->server.host;
  return config;
}

}  // namespace ringwire::platform
