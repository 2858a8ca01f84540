#ifndef RINGWIRE_CRYPTO_AEAD_CROSS_CHECK_H_
#define RINGWIRE_CRYPTO_AEAD_CROSS_CHECK_H_

#include <string>

#include "crypto/aead.h"

namespace ringwire::crypto {

// Whether `candidate` does exactly what BoringSSL does: every size from nothing to a packet's and a
// little more, runs of 1 to 64 segments, in place, with forgeries among them, and not a byte
// written outside. The input is pseudo-random and the same each time. False with what differs, as
// the end of a sentence, in `*what_differs`.
[[nodiscard]] bool CrossCheckAead(AeadSuite suite, AeadRuns& candidate, std::string* what_differs);

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_AEAD_CROSS_CHECK_H_
