#include "platform/supervisor/relay_settings.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/config/named_values.h"

namespace ringwire::platform {
namespace {

const char* NameOf(IoBackendChoice choice) {
  switch (choice) {
    case IoBackendChoice::kAuto:
      return "auto";
    case IoBackendChoice::kIoUring:
      return "io_uring";
    case IoBackendChoice::kEpoll:
      return "epoll";
  }
  return "auto";
}

// As OffloadSwitches::Parse takes it.
std::string TextOf(const OffloadSwitches& switches) {
  std::string text;
  for (const Offload offload : kOffloads) {
    const std::string name(OffloadName(offload));
    if (switches.IsOff(offload)) text += (text.empty() ? "-" : ",-") + name;
    if (switches.IsTrusted(offload)) text += (text.empty() ? "+" : ",+") + name;
  }
  return text.empty() ? "auto" : text;
}

}  // namespace

DeviceSettings RelaySettings(const std::string& interface, const DeviceFlags& flags,
                             const ConfigFile& config, const Plan& plan) {
  DeviceSettings settings;
  settings.name = interface;
  settings.workers = WorkersOf(flags);
  if (!settings.workers.has_value() && config.workers.has_value()) {
    settings.workers = *config.workers;
  }
  settings.busy_poll = BusyPollOf(flags);
  settings.warm_restart = flags.warm_restart == "on";
  settings.pin = PinOf(flags);
  settings.io = IoOf(flags).value_or(config.io_backend);
  settings.offloads = OffloadsOf(flags).value_or(config.offloads);
  settings.aead = AeadOf(flags);
  settings.network_namespace = config.gateway.network_namespace;
  settings.listen_port = config.listen_port.value_or(0);
  settings.fwmark = plan.fwmark;
  settings.transport_cipher = CipherOf(flags);
  settings.update =
      ToDeviceUpdate(config, std::vector<std::optional<SocketAddress>>(config.peers.size()));
  settings.update->fwmark = plan.fwmark;
  settings.is_on_its_own = false;
  return settings;
}

DeviceFlags RelayFlags(const DeviceFlags& flags, const ConfigFile& config) {
  DeviceFlags all = flags;
  if (!IoOf(flags).has_value()) all.io = NameOf(config.io_backend);
  all.offload = TextOf(OffloadsOf(flags).value_or(config.offloads));
  return all;
}

std::string TakeOverText(ConfigFile state, const ConfigFile& in_force) {
  state.transport_cipher = in_force.transport_cipher;
  absl::flat_hash_map<crypto::PublicKey, const PeerConfig*> configured;
  for (const PeerConfig& peer : in_force.peers) configured[peer.public_key] = &peer;
  std::vector<std::optional<SocketAddress>> endpoints;
  for (PeerConfig& peer : state.peers) {
    std::optional<SocketAddress>& endpoint = endpoints.emplace_back();
    if (peer.endpoint.has_value()) endpoint = SocketAddress::Parse(peer.endpoint->ToString());
    const auto found = configured.find(peer.public_key);
    if (found == configured.end()) continue;
    const PeerConfig& known = *found->second;
    peer.name = known.name;
    peer.transport_cipher = known.transport_cipher;
    if (known.endpoint.has_value()) peer.endpoint = known.endpoint;  // its name, for `show`
  }
  return ToDeviceText(state, NamedValues(), endpoints, state.fwmark.value_or(0));
}

}  // namespace ringwire::platform
