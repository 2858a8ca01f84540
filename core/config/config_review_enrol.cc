#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/config/config_parser.h"
#include "fmt/format.h"

// What no single line of [Enrol] shows.
namespace ringwire::config_parser {
namespace {

bool IsInANetwork(const Prefix& prefix, const ConfigFile& config) {
  return std::ranges::any_of(config.addresses, [&prefix](const InterfaceAddress& own) {
    return prefix.IsWithin(Prefix::Of(own.address, own.length));
  });
}

void ReviewRequired(Reading* reading) {
  const EnrolConfig& enrol = reading->enrol();
  const auto need = [reading](bool is_there, std::string_view key) {
    if (!is_there) reading->Fail(reading->enrol_position, fmt::format("[Enrol] has no {}", key));
  };
  need(reading->config().private_key.has_value() || !reading->config().private_key_file.empty(),
       "PrivateKey in [Interface], which clients are told the public key of");
  need(!enrol.server_names.empty(), "ServerName");
  need(!enrol.certificate.empty(), "Certificate");
  need(!enrol.certificate_key.empty(), "CertificateKey");
  if (enrol.endpoints.empty() && reading->config().listen_port.value_or(0) == 0) {
    reading->Fail(reading->enrol_position,
                  "[Enrol] needs ListenPort in [Interface], as clients are told "
                  "ServerName:ListenPort; or set Endpoint");
  }
}

// Leases get host routes through the interface only by its networks.
void ReviewPool(Reading* reading) {
  const ConfigFile& config = reading->config();
  if (config.addresses.empty()) {
    reading->Fail(reading->enrol_position,
                  "[Enrol] needs an Address in [Interface], whose network clients join");
  }
  for (const Prefix& prefix : config.enrol->pool) {
    if (IsInANetwork(prefix, config)) continue;
    reading->Fail(reading->PositionOfEnrolKey("Pool"),
                  fmt::format("Pool {} is in no network of Address; widen Address or narrow Pool",
                              prefix.ToString()));
  }
}

void ReviewSession(Reading* reading) {
  const EnrolConfig& enrol = reading->enrol();
  if (enrol.session_s >= enrol.lease_s) return;
  reading->Fail(reading->PositionOfEnrolKey("Session"),
                "Session is shorter than Lease; a session lasts at least one lease");
}

void ReviewPeersInPool(Reading* reading) {
  const ConfigFile& config = reading->config();
  std::vector<Prefix> pool = config.enrol->pool;
  if (pool.empty()) return;  // the default leaves out peers' addresses by its meaning
  for (const Prefix& allowed : AllPrefixes(config)) {
    const auto overlaps = [&allowed](const Prefix& in_pool) {
      return allowed.IsWithin(in_pool) || in_pool.IsWithin(allowed);
    };
    if (std::ranges::none_of(pool, overlaps)) continue;
    reading->Warn(reading->PositionOfEnrolKey("Pool"),
                  fmt::format("Pool overlaps AllowedIPs {} of a [Peer]; no lease gets an address "
                              "from there",
                              allowed.ToString()));
    return;
  }
}

// A forwarded connection never reaches a listener of this host.
void ReviewForwardedListeners(Reading* reading) {
  const ConfigFile& config = reading->config();
  std::vector<uint16_t> ports;
  for (const SocketAddress& listen : config.enrol->listen) ports.push_back(listen.port);
  if (ports.empty()) ports.push_back(443);
  for (const PortForward& forward : config.gateway.port_forwards) {
    if (forward.protocol != PortForward::Protocol::kTcp) continue;
    for (const uint16_t port : ports) {
      if (!forward.ports.Contains(port)) continue;
      reading->Warn(
          reading->PositionOfKey("PortForward"),
          fmt::format("PortForward takes TCP port {}, so no client reaches Listen there", port));
    }
  }
}

}  // namespace

void ReviewEnrol(Reading* reading) {
  if (!reading->config().enrol.has_value()) return;
  ReviewRequired(reading);
  ReviewPool(reading);
  ReviewSession(reading);
}

void ReviewEnrolDoubts(Reading* reading) {
  if (!reading->config().enrol.has_value()) return;
  ReviewPeersInPool(reading);
  ReviewForwardedListeners(reading);
  if (reading->config().gateway.kill_switch.on) {
    reading->Warn(reading->PositionOfKey("KillSwitch"),
                  "KillSwitch = on blocks the answers to clients of [Enrol] (a gateway for others "
                  "can have no kill switch)");
  }
}

}  // namespace ringwire::config_parser
