#include "platform/enrol/sealed_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/enrol/limits.h"

namespace ringwire::platform {
namespace {

constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

}  // namespace

absl::StatusOr<UniqueFd> MakeSealedMemory(std::string_view bytes) {
  UniqueFd memory(::memfd_create("ringwire", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory.valid()) return absl::ErrnoToStatus(errno, "make memory for another process");
  while (!bytes.empty()) {
    const ssize_t written = ::write(memory.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return absl::ErrnoToStatus(errno, "fill memory for another process");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  if (::fcntl(memory.get(), F_ADD_SEALS, kSeals) != 0) {
    return absl::ErrnoToStatus(errno, "seal memory for another process");
  }
  return memory;
}

absl::StatusOr<enrol::SecretBytes> ReadSealedMemory(int memory) {
  const int seals = ::fcntl(memory, F_GET_SEALS);
  if (seals < 0 || (seals & kSeals) != kSeals) {
    return absl::InvalidArgumentError("read memory of another process: it is not sealed");
  }
  struct stat status{};
  if (::fstat(memory, &status) != 0) {
    return absl::ErrnoToStatus(errno, "read memory of another process");
  }
  if (static_cast<uint64_t>(status.st_size) > enrol::kFileBytesMax) {
    return absl::InvalidArgumentError("read memory of another process: it is too large");
  }
  enrol::SecretBytes bytes(static_cast<size_t>(status.st_size));
  size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t size = ::pread(memory, bytes.span().data() + filled, bytes.size() - filled,
                                 static_cast<off_t>(filled));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return absl::ErrnoToStatus(errno, "read memory of another process");
    filled += static_cast<size_t>(size);
  }
  return bytes;
}

}  // namespace ringwire::platform
