#ifndef RINGWIRE_PLATFORM_REGISTRAR_PASSWORD_HASH_H_
#define RINGWIRE_PLATFORM_REGISTRAR_PASSWORD_HASH_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

// Password hashes of crypt(5). Any thread.
namespace ringwire::platform {

// Whether `password` is the one of `hash`. False for a hash that no password has, and for a bcrypt
// hash if the password is longer than bcrypt looks at. Takes as long as the method is slow.
bool MatchesHash(std::string_view password, const std::string& hash);

// A new yescrypt hash.
absl::StatusOr<std::string> HashPassword(std::string_view password);

// A yescrypt hash that no password has, as slow to check as a new one: for users that are not
// there.
inline constexpr char kDummyHash[] =
    "$y$j9T$HwkgOS3wlWs73l1BuJZ231$GuXuxkcCGqL/OUxpa4stC6dEhVjy.XU1XwoYj0mfXh7";

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_REGISTRAR_PASSWORD_HASH_H_
