#include "platform/process/privileges.h"

#include <grp.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <type_traits>

#include "platform/base/never_dump.h"

namespace ringwire::platform {
namespace {

struct FreeCapabilities {
  void operator()(std::remove_pointer_t<cap_t>* capabilities) const { ::cap_free(capabilities); }
};
using Capabilities = std::unique_ptr<std::remove_pointer_t<cap_t>, FreeCapabilities>;

bool Has(const Capabilities& capabilities, cap_value_t capability, cap_flag_t set) {
  cap_flag_value_t value = CAP_CLEAR;
  return capabilities != nullptr &&
         ::cap_get_flag(capabilities.get(), capability, set, &value) == 0 && value == CAP_SET;
}

// As this process was started.
struct Surroundings {
  mode_t umask = 022;
  rlimit core{0, 0};
};
Surroundings surroundings;

}  // namespace

void ProtectProcess() {
  surroundings.umask = ::umask(077);
  ::getrlimit(RLIMIT_CORE, &surroundings.core);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  NeverDump();
}

void UnprotectProcess() {
  ::umask(surroundings.umask);
  ::setrlimit(RLIMIT_CORE, &surroundings.core);
}

absl::Status DropEveryPrivilege() {
  const std::string tried = "give up all privileges";
  const Capabilities none(::cap_init());
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (none == nullptr || ::cap_set_proc(none.get()) != 0) return absl::ErrnoToStatus(errno, tried);
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  const bool other_user = ::getresuid(&real, &effective, &saved) == 0 && real != 0 &&
                          effective == real && saved == real;
  if (!other_user || ::setuid(0) == 0 || ::setgroups(0, nullptr) == 0) {
    return absl::InternalError(tried + ": some are left (nothing is run with them)");
  }
  return absl::OkStatus();
}

absl::Status CheckNetAdmin() {
  const Capabilities now(::cap_get_proc());
  if (Has(now, CAP_NET_ADMIN, CAP_EFFECTIVE)) return absl::OkStatus();
  return absl::PermissionDeniedError(
      "create a network interface: no CAP_NET_ADMIN (run as root, or give the service or container "
      "the capability: "
      "AmbientCapabilities=CAP_NET_ADMIN, --cap-add NET_ADMIN)");
}

}  // namespace ringwire::platform
