#include "platform/sandbox/landlock.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "core/base/status_macros.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {
namespace {

// The kernel's interface: the C library has no functions for it, and older headers have only parts.
struct RulesetAttributes {
  uint64_t files = 0;
  uint64_t network = 0;  // from version 4
  uint64_t scoped = 0;   // from version 6
};
struct __attribute__((packed)) PathAttributes {
  uint64_t allowed = 0;
  int32_t folder = -1;
};
constexpr unsigned kAskForVersion = 1;
constexpr unsigned kPathBeneath = 1;
constexpr uint64_t kWriteFile = uint64_t{1} << 1;
constexpr uint64_t kReadFile = uint64_t{1} << 2;
constexpr uint64_t kReadFolder = uint64_t{1} << 3;
constexpr uint64_t kRemoveFile = uint64_t{1} << 5;
constexpr uint64_t kMakeFile = uint64_t{1} << 8;
constexpr uint64_t kTruncate = uint64_t{1} << 14;  // from version 3

// Below 1: there is none.
long Version() { return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskForVersion); }

constexpr uint64_t Lowest(int bits) { return (uint64_t{1} << bits) - 1; }

// All rights that a version can take away: each version added some.
RulesetAttributes Everything(long version) {
  RulesetAttributes all;
  int rights = 13;
  if (version >= 2) ++rights;  // links to other folders
  if (version >= 3) ++rights;  // truncation
  if (version >= 5) ++rights;  // requests to devices
  all.files = Lowest(rights);
  if (version >= 4) all.network = Lowest(2);  // bind and connect by TCP
  if (version >= 6) all.scoped = Lowest(2);   // abstract sockets, signals
  return all;
}

size_t SizeOf(long version) {
  if (version >= 6) return sizeof(RulesetAttributes);
  return (version >= 4 ? 2 : 1) * sizeof(uint64_t);
}

absl::Status AllowIn(const std::string& folder, uint64_t rights, int ruleset) {
  const UniqueFd fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() && errno == ENOENT) return absl::OkStatus();
  const PathAttributes rule{rights, fd.get()};
  if (fd.valid() && ::syscall(SYS_landlock_add_rule, ruleset, kPathBeneath, &rule, 0) == 0) {
    return absl::OkStatus();
  }
  return absl::ErrnoToStatus(errno, "keep rights in " + folder);
}

}  // namespace

bool HasLandlock() { return Version() >= 1; }

absl::Status ForbidFiles(const std::vector<std::string>& removable, const std::string& own_folder) {
  const long version = Version();
  if (version < 1) {
    return absl::UnavailableError(errno == EOPNOTSUPP
                                      ? "this kernel has Landlock, but it is switched off"
                                      : "this kernel has no Landlock");
  }
  const RulesetAttributes all = Everything(version);
  const UniqueFd ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &all, SizeOf(version), 0)));
  if (!ruleset.valid()) return absl::ErrnoToStatus(errno, "make a Landlock ruleset");
  for (const std::string& folder : removable) {
    RETURN_IF_ERROR(AllowIn(folder, kRemoveFile, ruleset.get()));
  }
  if (!own_folder.empty()) {
    constexpr uint64_t kOwn =
        kWriteFile | kReadFile | kReadFolder | kRemoveFile | kMakeFile | kTruncate;
    RETURN_IF_ERROR(AllowIn(own_folder, kOwn & all.files, ruleset.get()));
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "restrict the process by Landlock");
}

}  // namespace ringwire::platform
