#include "crypto/aes_support.h"

#include <openssl/aead.h>

namespace ringwire::crypto {

bool HasAesHardware() { return EVP_has_aes_hardware() == 1; }

bool IsAes256GcmUsable(bool has_hardware, const KnownAnswers& answers) {
  return has_hardware && SelfTestAes256Gcm(answers);
}

}  // namespace ringwire::crypto
