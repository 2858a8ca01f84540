#ifndef RINGWIRE_CORE_CONFIG_CONFIG_SAVE_H_
#define RINGWIRE_CORE_CONFIG_CONFIG_SAVE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config_file.h"
#include "core/device/device_update.h"

// The state of a running device written back into its configuration file, as `wg-quick save` does.
// Pure text.
namespace ringwire {

// What the file says of a device in this state; the keys and only what `wg showconf` prints.
ConfigFile StateOf(const DeviceStatus& device);

struct SaveRequest {
  std::string_view text;     // of the file
  const ConfigFile& file;    // what it says, with the keys that it keeps in files of their own
  const ConfigFile& loaded;  // what the device was configured with last; its keys don't matter
  // As StateOf gives it; `addresses` and `mtu`, if any, as the interface has them by now.
  const ConfigFile& device;
  uint32_t chosen_fwmark = 0;  // in force where the file names none; that one is not saved
  // Of the device and taken off it since.
  std::span<const InterfaceAddress> gone_addresses = {};
};

struct SavedConfig {
  std::string text;  // holds the keys; the caller zeroes it
  // What is otherwise on the device and stays as it was in the file: each names the peer or key.
  std::vector<std::string> warnings;
};

// Only lines whose value is another one on the device are touched, so that a file whose device was
// not changed comes back as it was, and comments stay. Host names and the names of key files stay.
// A peer that the device does not have goes from the file, unless it has come into the file since
// the device was configured. `request.text` has no errors.
SavedConfig SaveConfig(const SaveRequest& request);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONFIG_CONFIG_SAVE_H_
