#include "platform/base/read_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  const std::string tried = "read " + path;
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return absl::ErrnoToStatus(errno, tried);
  std::string text;
  std::array<char, 16384> chunk;
  while (true) {
    const ssize_t size = ::read(file.get(), chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return absl::ErrnoToStatus(errno, tried);
    if (size == 0) return text;
    if (text.size() + static_cast<size_t>(size) > kReadFileBytesMax) {
      return absl::ResourceExhaustedError(
          fmt::format("{}: it is longer than {} MiB", tried, kReadFileBytesMax >> 20));
    }
    text.append(chunk.data(), static_cast<size_t>(size));
  }
}

}  // namespace ringwire::platform
