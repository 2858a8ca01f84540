#ifndef RINGWIRE_PLATFORM_CONFIG_SAVE_FILE_H_
#define RINGWIRE_PLATFORM_CONFIG_SAVE_FILE_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/config/config_file.h"
#include "core/config/named_values.h"

namespace ringwire::platform {

struct SaveResult {
  std::vector<std::string> warnings;  // of what could not be saved
  NamedValues named;                  // by the file as it is now, of the device's peers
};

// Writes the state of a device into its configuration file, whole or not at all; a file that says
// it already is left alone. `loaded`, `device`, `chosen_fwmark` and `gone`, of addresses, are as
// SaveRequest has them.
absl::StatusOr<SaveResult> SaveToFile(const std::string& path, const NamedValues& loaded,
                                      const ConfigFile& device, uint32_t chosen_fwmark,
                                      std::span<const InterfaceAddress> gone);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONFIG_SAVE_FILE_H_
