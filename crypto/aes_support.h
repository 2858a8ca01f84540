#ifndef RINGWIRE_CRYPTO_AES_SUPPORT_H_
#define RINGWIRE_CRYPTO_AES_SUPPORT_H_

#include "crypto/self_test.h"

// Whether AES-256-GCM is to be used for transport messages on this machine at all.
namespace ringwire::crypto {

// The CPU has instructions for AES and for carry-less multiplication, and the library uses them.
// Without them AES is slow, and its timing reveals the key.
[[nodiscard]] bool HasAesHardware();

// The hardware exists and gives the right answers.
[[nodiscard]] bool IsAes256GcmUsable(bool has_hardware, const KnownAnswers& answers);
[[nodiscard]] inline bool IsAes256GcmUsable() {
  return IsAes256GcmUsable(HasAesHardware(), StandardAnswers());
}

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_AES_SUPPORT_H_
