#ifndef RINGWIRE_CORE_CONFIG_CONFIG_SAVE_H_
#define RINGWIRE_CORE_CONFIG_CONFIG_SAVE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config_file.h"
#include "core/config/named_values.h"
#include "core/device/device_update.h"

// The state of a running device written back into its configuration file, as `wg-quick save` does.
// Pure text.
namespace ringwire {

// What the file says of a device in this state; the keys and only what `wg showconf` prints.
ConfigFile StateOf(const DeviceStatus& device);

struct SaveRequest {
  std::string_view text;      // of the file
  const ConfigFile& file;     // what it says, with the keys that it keeps in files of their own
  const NamedValues& loaded;  // by the file that the device was configured with, or saved to, last
  // As StateOf gives it; `addresses` and `mtu`, if any, as the interface has them by now.
  const ConfigFile& device;
  uint32_t chosen_fwmark = 0;  // in force where the file names none; that one is not saved
  // Of the device and taken off it since.
  std::span<const InterfaceAddress> gone_addresses = {};
};

struct SavedConfig {
  std::string text;  // holds the keys; the caller zeroes it
  // Differences between file and device that stay: each names its peer or key.
  std::vector<std::string> warnings;
};

// Only lines whose value is another one on the device are touched; every other line stays byte for
// byte, so that a file whose device was not changed comes back as it was. Host names and the names
// of key files stay. A peer that the device does not have goes from the file with the comments that
// are its own; one that `loaded` does not name either stays, with a warning. `request.text` has no
// errors.
SavedConfig SaveConfig(const SaveRequest& request);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONFIG_CONFIG_SAVE_H_
