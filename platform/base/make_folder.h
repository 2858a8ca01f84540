#ifndef RINGWIRE_PLATFORM_BASE_MAKE_FOLDER_H_
#define RINGWIRE_PLATFORM_BASE_MAKE_FOLDER_H_

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"

namespace ringwire::platform {

// Makes a folder of exactly this mode, whatever the umask is. One that is there stays as it is.
absl::Status MakeFolder(const std::string& path, mode_t mode);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_MAKE_FOLDER_H_
