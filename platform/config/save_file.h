#ifndef RINGWIRE_PLATFORM_CONFIG_SAVE_FILE_H_
#define RINGWIRE_PLATFORM_CONFIG_SAVE_FILE_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/config/config_file.h"

namespace ringwire::platform {

// Writes the state of a device into its configuration file, whole or not at all; a file that says
// it already is left alone. `loaded`, `device`, `chosen_fwmark` and `gone`, of addresses, are as
// SaveRequest has them. What could not be saved comes back as warnings.
absl::StatusOr<std::vector<std::string>> SaveToFile(const std::string& path,
                                                    const ConfigFile& loaded,
                                                    const ConfigFile& device,
                                                    uint32_t chosen_fwmark,
                                                    std::span<const InterfaceAddress> gone);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONFIG_SAVE_FILE_H_
