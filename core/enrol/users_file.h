#ifndef RINGWIRE_CORE_ENROL_USERS_FILE_H_
#define RINGWIRE_CORE_ENROL_USERS_FILE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/enrol/message_files.h"
#include "core/enrol/secret_bytes.h"

// The users file: a line for each user, NAME:HASH:OTP:OPTIONS, and comments behind #. Pure.
namespace ringwire::enrol {

// [a-z0-9][a-z0-9._@-]{0,63}
bool IsUserName(std::string_view name);
// Whether a password can match this hash at all: neither "*" nor locked.
bool HasPassword(std::string_view hash);

// InvalidArgument: a line is wrong; the message names it and holds no hash.
absl::StatusOr<UserTable> ParseUsers(std::string_view text);

// The text with one user more, without one, or with another hash of one; every other line stays
// byte for byte. AlreadyExists, NotFound: the user is there, or is not.
absl::StatusOr<SecretBytes> WithUser(std::string_view text, std::string_view name,
                                     std::string_view hash);
absl::StatusOr<SecretBytes> WithoutUser(std::string_view text, std::string_view name);
absl::StatusOr<SecretBytes> WithHash(std::string_view text, std::string_view name,
                                     std::string_view hash);

}  // namespace ringwire::enrol

#endif  // RINGWIRE_CORE_ENROL_USERS_FILE_H_
