#ifndef RINGWIRE_PLATFORM_BASE_PATHS_H_
#define RINGWIRE_PLATFORM_BASE_PATHS_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace ringwire::platform {

// [a-zA-Z0-9_=+.-]{1,15}, as wg-quick, and neither "." nor "..": the name becomes a part of paths.
// Nor does it end in ".admin", as NAME.admin.sock is a socket of NAME.
absl::Status CheckInterfaceName(std::string_view name);

// The sockets of a running device.
inline constexpr char kUapiDirectory[] = "/var/run/wireguard";
inline constexpr char kStatusDirectory[] = "/run/ringwire";
// The group that may read status sockets and logs; nullopt: this system has none.
std::optional<gid_t> StatusGroup();
std::string SocketFileName(std::string_view interface_name);
// The file in which a supervisor keeps the last known addresses of its endpoints' names.
std::string KnownNamesPath(std::string_view interface_name);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_PATHS_H_
