#ifndef RINGWIRE_CORE_CONFIG_DEVICE_STATE_H_
#define RINGWIRE_CORE_CONFIG_DEVICE_STATE_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "core/config/config_file.h"

namespace ringwire {

// A device's state from its text, Strip(StateOf(…)), as a process sends it that is trusted with
// nothing. InvalidArgument: the text holds anything else that a configuration can hold, as hooks or
// addresses, or an endpoint that is a name. Its caller zeroes the text.
absl::StatusOr<ConfigFile> ParseDeviceState(std::string_view text);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONFIG_DEVICE_STATE_H_
