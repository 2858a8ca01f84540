#include "platform/app/namespace_view.h"

#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/gateway/plan/namespace_dns.h"
#include "platform/process/report_error.h"

namespace ringwire::platform {
namespace {

// The C library asks these before it asks the servers of resolv.conf (nscd; nss-resolve).
constexpr const char* kLookupServices[] = {"/run/nscd/socket", "/var/run/nscd/socket",
                                           "/run/systemd/resolve/io.systemd.Resolve"};

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

bool Bind(const std::string& from, const std::string& to) {
  return ::mount(from.c_str(), to.c_str(), "none", MS_BIND, nullptr) == 0;
}

absl::Status MountSys(const std::string& name) {
  unsigned long flags = 0;
  if (::umount2("/sys", MNT_DETACH) != 0) {
    // A read-only one can only be covered by its like.
    struct statvfs status{};
    const bool read_only = ::statvfs("/sys", &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
    if (read_only) flags = MS_RDONLY;
  }
  if (::mount(name.c_str(), "/sys", "sysfs", flags, nullptr) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "cannot mount /sys for the network namespace " + name);
}

// One that cannot be shown is not needed by every program: it is said, and no reason to give up.
void BindEtc(const std::string& name) {
  const std::string folder = NamespaceDnsPaths(name).folder;
  const std::unique_ptr<DIR, CloseFolder> files(::opendir(folder.c_str()));
  while (files != nullptr) {
    const dirent* const entry = ::readdir(files.get());
    if (entry == nullptr) return;
    const std::string_view file = entry->d_name;
    if (file == "." || file == "..") continue;
    const std::string from = fmt::format("{}/{}", folder, file);
    const std::string to = fmt::format("/etc/{}", file);
    if (Bind(from, to)) continue;
    ReportWarning(fmt::format("{} is not seen at {}: {}{}", from, to, std::strerror(errno),
                              errno == ENOENT ? " (an empty file there is enough)" : ""));
  }
}

absl::Status HideLookupServices() {
  for (const char* const path : kLookupServices) {
    if (Bind("/dev/null", path) || errno == ENOENT || errno == ENOTDIR) continue;
    return absl::ErrnoToStatus(errno, fmt::format("cannot hide {}", path));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status EnterForGood(const std::string& name, const NamedNamespace& network) {
  const std::string tried = "cannot enter the network namespace " + name;
  if (::setns(network.fd(), CLONE_NEWNET) != 0 || ::unshare(CLONE_NEWNS) != 0 ||
      ::mount("", "/", "none", MS_SLAVE | MS_REC, nullptr) != 0) {
    return absl::ErrnoToStatus(errno, tried);
  }
  RETURN_IF_ERROR(MountSys(name));
  BindEtc(name);
  return HideLookupServices();
}

}  // namespace ringwire::platform
