#ifndef RINGWIRE_PLATFORM_BASE_READ_FILE_H_
#define RINGWIRE_PLATFORM_BASE_READ_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace ringwire::platform {

// More than any file of ours or of /proc and /sys has; keeps a wrong file from filling the memory.
inline constexpr size_t kReadFileBytesMax = size_t{16} << 20;

// The whole text of the file at `path`, which holds no secret. ResourceExhausted: it is longer than
// kReadFileBytesMax. Blocks on the disk.
absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_READ_FILE_H_
