#include "platform/base/paths.h"

#include <grp.h>

#include <algorithm>

#include "fmt/format.h"

namespace ringwire::platform {

std::optional<gid_t> StatusGroup() {
  const group* const entry = ::getgrnam("ringwire");
  if (entry == nullptr) return std::nullopt;
  return entry->gr_gid;
}

absl::Status CheckInterfaceName(std::string_view name) {
  constexpr size_t kNameMax = 15;
  constexpr std::string_view kAdminEnd = ".admin";
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_=+.-").find(c) != std::string_view::npos;
  };
  const bool valid = !name.empty() && name.size() <= kNameMax && name != "." && name != ".." &&
                     std::all_of(name.begin(), name.end(), allowed);
  if (valid && name.ends_with(kAdminEnd)) {
    return absl::InvalidArgumentError(fmt::format(
        "\"{}\" is no interface name here: {}.sock would be the admin socket of another interface; "
        "choose a name that does not end in {}",
        name, name, kAdminEnd));
  }
  if (valid) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format(
      "\"{}\" is no interface name (1 to {} of a-z A-Z 0-9 _ = + . -)", name, kNameMax));
}

std::string SocketFileName(std::string_view interface_name) {
  return std::string(interface_name) + ".sock";
}

std::string KnownNamesPath(std::string_view interface_name) {
  return fmt::format("{}/{}.names", kStatusDirectory, interface_name);
}

}  // namespace ringwire::platform
