#include "platform/supervisor/relay_settings.h"

#include <optional>
#include <vector>

namespace ringwire::platform {

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

}  // namespace ringwire::platform
