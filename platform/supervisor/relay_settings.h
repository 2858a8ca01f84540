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

// The same settings as flags, for a relay that is started as a program. Pure.
DeviceFlags RelayFlags(const DeviceFlags& flags, const ConfigFile& config);

// The text of ToDeviceText for a relay that takes over a device in this state, which has the keys:
// with what the configuration in force adds to it, such as the names of peers. The caller zeroes
// it. Pure.
std::string TakeOverText(ConfigFile state, const ConfigFile& in_force);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_RELAY_SETTINGS_H_
