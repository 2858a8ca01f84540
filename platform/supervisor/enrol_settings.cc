#include "platform/supervisor/enrol_settings.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "crypto/blake2s.h"

namespace ringwire::platform {
namespace {

constexpr uint16_t kPort = 443;

std::vector<Prefix> NetworksOf(const ConfigFile& config) {
  std::vector<Prefix> networks;
  for (const InterfaceAddress& own : config.addresses) {
    const Prefix network = Prefix::Of(own.address, own.length);
    if (std::ranges::find(networks, network) == networks.end()) networks.push_back(network);
  }
  return networks;
}

}  // namespace

std::vector<SocketAddress> EnrolListeners(const ConfigFile& config) {
  if (!config.enrol->listen.empty()) return config.enrol->listen;
  return {{*IpAddress::Parse("::"), kPort, 0}, {*IpAddress::Parse("0.0.0.0"), kPort, 0}};
}

std::vector<Prefix> EnrolPool(const ConfigFile& config) {
  std::vector<Prefix> pool = config.enrol->pool.empty() ? NetworksOf(config) : config.enrol->pool;
  if (pool.size() > enrol::kPoolPrefixesMax) pool.resize(enrol::kPoolPrefixesMax);
  return pool;
}

std::vector<Prefix> EnrolReserved(const ConfigFile& config) {
  std::vector<Prefix> reserved;
  for (const InterfaceAddress& own : config.addresses) {
    reserved.push_back(Prefix::Of(own.address, own.address.Bits()));
  }
  const std::vector<Prefix> pool = EnrolPool(config);
  for (const Prefix& allowed : AllowedPrefixes(config)) {
    if (reserved.size() == enrol::kReservedPrefixesMax) break;
    const auto holds = [&allowed](const Prefix& network) { return allowed.IsWithin(network); };
    if (std::ranges::any_of(pool, holds)) reserved.push_back(allowed);
  }
  return reserved;
}

enrol::RegistrarSettings RegistrarSettingsOf(const ConfigFile& config,
                                             const crypto::PublicKey& gateway_key) {
  const EnrolConfig& enrol = *config.enrol;
  return {gateway_key,     EnrolPool(config), EnrolReserved(config), enrol.lease_s,
          enrol.session_s, enrol.devices_max, enrol.leases_max};
}

enrol::PushedSettings PushedSettingsOf(const ConfigFile& config, uint16_t mtu) {
  const EnrolConfig& enrol = *config.enrol;
  enrol::PushedSettings pushed;
  for (const InterfaceAddress& own : config.addresses) {
    if (pushed.gateway_addresses.size() == enrol::kGatewayAddressesMax) break;
    pushed.gateway_addresses.push_back(own.address);
  }
  pushed.routes = enrol.routes.empty() ? NetworksOf(config) : enrol.routes;
  if (pushed.routes.size() > enrol::kPushedRoutesMax) pushed.routes.resize(enrol::kPushedRoutesMax);
  for (const EndpointName& endpoint : enrol.endpoints) {
    pushed.endpoints.push_back(endpoint.ToString());
  }
  if (pushed.endpoints.empty()) {
    pushed.endpoints.push_back(
        EndpointName{enrol.server_names.front(), config.listen_port.value_or(0)}.ToString());
  }
  for (const NameServer& server : enrol.dns.servers) pushed.dns_servers.push_back(server.address);
  pushed.dns_domains = enrol.dns.search;
  pushed.mtu = enrol.mtu.value_or(mtu);
  pushed.keepalive_s = enrol.keepalive_s;
  return pushed;
}

uint32_t RevisionOf(const enrol::PushedSettings& pushed) {
  const enrol::SecretBytes bytes = enrol::EncodeFile(pushed);
  const crypto::Hash hash =
      crypto::Blake2s({reinterpret_cast<const uint8_t*>(bytes.view().data()), bytes.size()});
  uint32_t revision = 0;
  std::memcpy(&revision, hash.data(), sizeof(revision));
  return revision;
}

}  // namespace ringwire::platform
