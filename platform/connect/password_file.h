#ifndef RINGWIRE_PLATFORM_CONNECT_PASSWORD_FILE_H_
#define RINGWIRE_PLATFORM_CONNECT_PASSWORD_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/enrol/secret_bytes.h"

namespace ringwire::platform {

// The first line of a file. An error if it cannot be a password.
absl::StatusOr<enrol::SecretBytes> ReadPasswordFile(const std::string& path);

// InvalidArgument: it is empty, too long, or has a NUL.
absl::Status CheckPassword(const enrol::SecretBytes& password);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONNECT_PASSWORD_FILE_H_
