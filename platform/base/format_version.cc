#include "platform/base/format_version.h"

#include "fmt/format.h"

namespace ringwire::platform {

absl::Status CheckFormat(std::string_view what, uint64_t found, uint64_t known,
                         std::string_view remedy) {
  if (found <= known) return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format(
      "cannot read {}: a newer ringwire wrote it (format {}, this version reads up to {}); {}",
      what, found, known, remedy));
}

}  // namespace ringwire::platform
