#ifndef RINGWIRE_PLATFORM_SUPERVISOR_RELAY_SETTINGS_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_RELAY_SETTINGS_H_

#include <string>

#include "core/config/config_file.h"
#include "platform/gateway/plan/plan.h"
#include "platform/relay/device_options.h"
#include "platform/relay/device_runner.h"

namespace ringwire::platform {

// The settings of an interface's relay: the flags of the command line count more than the
// configuration. Peers have no endpoints yet. Pure.
DeviceSettings RelaySettings(const std::string& interface, const DeviceFlags& flags,
                             const ConfigFile& config, const Plan& plan);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_RELAY_SETTINGS_H_
