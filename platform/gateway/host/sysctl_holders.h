#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_SYSCTL_HOLDERS_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_SYSCTL_HOLDERS_H_

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ringwire::platform {

inline constexpr char kStateFolder[] = "/run/ringwire";

// A value below /proc/sys, without its newline; nullopt: there is no such setting.
// ResourceExhausted: this process has no descriptor or memory to read it with.
absl::StatusOr<std::optional<std::string>> FindSysctl(const std::string& path);
// The same, for those who only compare: nullopt also if it cannot be read.
std::optional<std::string> ReadSysctl(const std::string& path);

// OK unless /proc/sys is read-only, as in a container, and a setting of `wanted` (path, value) is
// not as wanted. Then the error names all of those, and how to set them at the container's start.
// `own_interface` does not exist yet: it will start with the values of `default`.
absl::Status CheckSysctlsWritable(std::span<const std::pair<std::string, std::string>> wanted,
                                  std::string_view own_interface);

// Sysctls that several interfaces set to the same value: the first one sets it, and the last one to
// go restores it. A file of the state folder lists the holders. Each change of it is made under a
// StateLock, so that services may come, go and crash in any order. An interface without a journal
// holds nothing. If the folder is not writable, each interface acts alone. Waits at most as long as
// StateLock::Take does. Thread-compatible.
class SysctlHolders {
 public:
  // `holder`: the interface whose journal is in `folder`.
  SysctlHolders(std::string folder, std::string holder)
      : folder_(std::move(folder)), holder_(std::move(holder)) {}

  // False: there is no such setting.
  absl::StatusOr<bool> Hold(const std::string& path, const std::string& value);
  // Restores `value` if no other interface holds the sysctl and, if `only_if` is given, its value
  // is `only_if`.
  absl::Status Release(const std::string& path, const std::string& value,
                       const std::optional<std::string>& only_if);

  // All held sysctls of this network namespace, with their values from before.
  static absl::StatusOr<std::map<std::string, std::string, std::less<>>> Before(
      const std::string& folder);

 private:
  std::string folder_;
  std::string holder_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_SYSCTL_HOLDERS_H_
