#include "platform/io/slots.h"

#include <sys/mman.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

namespace ringwire::platform {

SlotSlab::~SlotSlab() {
  if (base_ != nullptr) ::munmap(base_, count_ * stride_);
}

absl::Status SlotSlab::Allocate(uint32_t count, size_t stride) {
  CHECK(base_ == nullptr);
  const size_t size = count * stride;
  void* const memory =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    return absl::ErrnoToStatus(errno, absl::StrCat("map ", size, " bytes of packet buffers"));
  }
  base_ = static_cast<uint8_t*>(memory);
  count_ = count;
  stride_ = stride;
  return absl::OkStatus();
}

}  // namespace ringwire::platform
