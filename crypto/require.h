#ifndef RINGWIRE_CRYPTO_REQUIRE_H_
#define RINGWIRE_CRYPTO_REQUIRE_H_

namespace ringwire::crypto {

// Prints `what` on stderr and aborts.
[[noreturn]] void FailRequirement(const char* what);

// For our own bugs only (a buffer of the wrong size, a primitive that refuses a valid call):
// continuing could send plaintext. Input from a peer never gets here; functions return false for
// it.
inline void Require(bool holds, const char* what) {
  if (!holds) FailRequirement(what);
}

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_REQUIRE_H_
