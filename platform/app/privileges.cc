#include "platform/app/privileges.h"

#include <fcntl.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <type_traits>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RINGWIRE_UNDER_SANITIZER 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define RINGWIRE_UNDER_SANITIZER 1
#endif

namespace ringwire::platform {
namespace {

constexpr std::array<cap_value_t, 2> kKept = {CAP_NET_ADMIN, CAP_NET_BIND_SERVICE};

struct FreeCapabilities {
  void operator()(std::remove_pointer_t<cap_t>* capabilities) const { ::cap_free(capabilities); }
};
using Capabilities = std::unique_ptr<std::remove_pointer_t<cap_t>, FreeCapabilities>;

bool Has(const Capabilities& capabilities, cap_value_t capability, cap_flag_t set) {
  cap_flag_value_t value = CAP_CLEAR;
  return capabilities != nullptr &&
         ::cap_get_flag(capabilities.get(), capability, set, &value) == 0 && value == CAP_SET;
}

}  // namespace

void ProtectProcess() {
  ::umask(077);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
#ifndef RINGWIRE_UNDER_SANITIZER  // the leak checker attaches to its own process
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

absl::Status CheckNetAdmin() {
  const Capabilities now(::cap_get_proc());
  if (Has(now, CAP_NET_ADMIN, CAP_EFFECTIVE)) return absl::OkStatus();
  return absl::PermissionDeniedError(
      "create a network interface: no CAP_NET_ADMIN (run as root, or give the service or container "
      "the capability: "
      "AmbientCapabilities=CAP_NET_ADMIN, --cap-add NET_ADMIN)");
}

absl::Status DropPrivileges(FilesOfOthers files) {
  const Capabilities now(::cap_get_proc());
  const Capabilities keep(::cap_init());
  if (now == nullptr || keep == nullptr) return absl::ErrnoToStatus(errno, "read capabilities");
  // The bounding set first: narrowing it is itself a privilege. Without it, what follows still
  // holds.
  for (cap_value_t capability = 0; capability < ::cap_max_bits(); ++capability) {
    if (std::find(kKept.begin(), kKept.end(), capability) == kKept.end()) {
      ::cap_drop_bound(capability);
    }
  }
  for (const cap_value_t capability : kKept) {
    if (!Has(now, capability, CAP_PERMITTED)) continue;
    ::cap_set_flag(keep.get(), CAP_PERMITTED, 1, &capability, CAP_SET);
    ::cap_set_flag(keep.get(), CAP_EFFECTIVE, 1, &capability, CAP_SET);
  }
  const cap_value_t reading = CAP_DAC_READ_SEARCH;
  if (files == FilesOfOthers::kKeepReading && Has(now, reading, CAP_PERMITTED)) {
    ::cap_set_flag(keep.get(), CAP_PERMITTED, 1, &reading, CAP_SET);
  }
  if (::cap_set_proc(keep.get()) != 0) return absl::ErrnoToStatus(errno, "drop capabilities");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return absl::ErrnoToStatus(errno, "give up gaining privileges");
  }
  return absl::OkStatus();
}

UniqueFd OpenForReading(const std::string& path, bool* is_of_others) {
  const auto open = [&path] { return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)); };
  const Capabilities before(::cap_get_proc());
  const Capabilities reduced(::cap_get_proc());
  if (before == nullptr || reduced == nullptr) return open();
  const std::array<cap_value_t, 2> overriding = {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH};
  ::cap_set_flag(reduced.get(), CAP_EFFECTIVE, overriding.size(), overriding.data(), CAP_CLEAR);
  ::cap_set_proc(reduced.get());
  UniqueFd fd = open();
  int error = errno;
  if (!fd.valid() && error == EACCES) {
    const cap_value_t reading = CAP_DAC_READ_SEARCH;
    const bool may_read = Has(before, reading, CAP_PERMITTED);
    if (may_read) ::cap_set_flag(reduced.get(), CAP_EFFECTIVE, 1, &reading, CAP_SET);
    // Containers often have CAP_DAC_OVERRIDE alone, which writes too, and so is not kept for later.
    ::cap_set_proc(may_read ? reduced.get() : before.get());
    fd = open();
    error = errno;
    if (fd.valid()) *is_of_others = true;
  }
  ::cap_set_proc(before.get());
  errno = error;
  return fd;
}

}  // namespace ringwire::platform
