#ifndef RINGWIRE_PLATFORM_APP_STATUS_CLIENT_H_
#define RINGWIRE_PLATFORM_APP_STATUS_CLIENT_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// Asks the running device one request line on its status socket and returns the answer line. An
// answer {"error": …} is an error. NotFound: nobody serves that interface.
absl::StatusOr<std::string> AskDevice(const std::string& interface_name, std::string_view request);
// The same on the admin socket, which is root's.
absl::StatusOr<std::string> AskAdministration(const std::string& interface_name,
                                              std::string_view request);

// The same in two parts; the waiting ends after `patience`.
absl::StatusOr<UniqueFd> ConnectToDevice(const std::string& interface_name);
absl::Status SendRequest(const UniqueFd& device, std::string_view request);
absl::StatusOr<std::string> ReadAnswer(const UniqueFd& device, absl::Duration patience);

// The interfaces that have a status socket, in alphabetical order.
std::vector<std::string> RunningInterfaces();
// The same, of the folder of status sockets that is open already. Not thread-safe: it reads the
// folder from its position.
std::vector<std::string> RunningInterfaces(const UniqueFd& folder);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_STATUS_CLIENT_H_
