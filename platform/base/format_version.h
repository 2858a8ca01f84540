#ifndef RINGWIRE_PLATFORM_BASE_FORMAT_VERSION_H_
#define RINGWIRE_PLATFORM_BASE_FORMAT_VERSION_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace ringwire::platform {

// Each file and each answer that another version of ringwire may read has the number of its format
// in it. A format that only gains fields keeps its number; one that an older version would
// misunderstand gets the next. FailedPrecondition if `found` is greater than `known`: "cannot read
// `what`: a newer ringwire wrote it ...; `remedy`".
absl::Status CheckFormat(std::string_view what, uint64_t found, uint64_t known,
                         std::string_view remedy);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_FORMAT_VERSION_H_
