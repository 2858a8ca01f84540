#ifndef RINGWIRE_CRYPTO_AEAD_CROSS_CHECK_H_
#define RINGWIRE_CRYPTO_AEAD_CROSS_CHECK_H_

#include <string>

#include "crypto/aead.h"

namespace ringwire::crypto {

// Whether `candidate` gives exactly BoringSSL's results: for every size from 0 to a little above a
// packet's, for runs of 1 to 64 segments, in place, with forgeries, without a write outside the
// buffers. The input is pseudo-random and always the same. False: `*what_differs` gets the
// difference, as the end of a sentence.
[[nodiscard]] bool CrossCheckAead(AeadSuite suite, AeadRuns& candidate, std::string* what_differs);

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_AEAD_CROSS_CHECK_H_
