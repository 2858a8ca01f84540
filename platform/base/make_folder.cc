#include "platform/base/make_folder.h"

#include <sys/stat.h>

#include <cerrno>

namespace ringwire::platform {

absl::Status MakeFolder(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) {
    if (::chmod(path.c_str(), mode) == 0) return absl::OkStatus();
  } else if (errno == EEXIST) {
    return absl::OkStatus();
  }
  return absl::ErrnoToStatus(errno, "create the directory " + path);
}

}  // namespace ringwire::platform
