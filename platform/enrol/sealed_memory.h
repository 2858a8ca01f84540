#ifndef RINGWIRE_PLATFORM_ENROL_SEALED_MEMORY_H_
#define RINGWIRE_PLATFORM_ENROL_SEALED_MEMORY_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "core/enrol/secret_bytes.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// A descriptor of memory that holds `bytes` and that nobody can change any more.
absl::StatusOr<UniqueFd> MakeSealedMemory(std::string_view bytes);

// What such memory holds. An error if its maker could still change or shrink it, or if it is larger
// than enrol::kFileBytesMax.
absl::StatusOr<enrol::SecretBytes> ReadSealedMemory(int memory);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_ENROL_SEALED_MEMORY_H_
