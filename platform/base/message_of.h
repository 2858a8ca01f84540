#ifndef RINGWIRE_PLATFORM_BASE_MESSAGE_OF_H_
#define RINGWIRE_PLATFORM_BASE_MESSAGE_OF_H_

#include <string>

#include "absl/status/status.h"

namespace ringwire::platform {

// A status' message as a std::string.
inline std::string MessageOf(const absl::Status& status) { return std::string(status.message()); }

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_MESSAGE_OF_H_
