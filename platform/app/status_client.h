#ifndef RINGWIRE_PLATFORM_APP_STATUS_CLIENT_H_
#define RINGWIRE_PLATFORM_APP_STATUS_CLIENT_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace ringwire::platform {

// Asks the running device one request line and returns the answer line. An answer {"error": …} is
// an error.
absl::StatusOr<std::string> AskDevice(const std::string& interface_name, std::string_view request);

// The interfaces that have a status socket, in alphabetical order.
std::vector<std::string> RunningInterfaces();

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_STATUS_CLIENT_H_
