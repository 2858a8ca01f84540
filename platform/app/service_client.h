#ifndef RINGWIRE_PLATFORM_APP_SERVICE_CLIENT_H_
#define RINGWIRE_PLATFORM_APP_SERVICE_CLIENT_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"

// How a command finds the service of an interface, which `run` or `up` has started, and speaks to
// it.
namespace ringwire::platform {

// Of an interface or its configuration file: `wg0`, `wg0.conf` and `/etc/ringwire/wg0.conf` mean
// the same.
std::string InterfaceOf(const std::string& argument);

// A descriptor of the service's process: a number alone could be another process' by now. Invalid:
// there is no service.
absl::StatusOr<UniqueFd> OpenService(const std::string& interface);
absl::Status SignalService(const UniqueFd& process, int signal, const std::string& tried);

// Prints what came out of a request, in either way. Returns the exit code.
int ReportAnswer(const std::string& tried, const absl::StatusOr<std::string>& answer);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_SERVICE_CLIENT_H_
