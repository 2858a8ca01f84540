#ifndef RINGWIRE_CRYPTO_AEAD_PROVIDER_H_
#define RINGWIRE_CRYPTO_AEAD_PROVIDER_H_

#include <string>

#include "crypto/aead.h"

// Which provider seals and opens on this machine. Chosen once, at start.
namespace ringwire::crypto {

struct IpsecMb;
struct KnownAnswers;

enum class AeadPreference : uint8_t {
  kAuto = 0,       // for each suite the faster one of those that work
  kBoringSsl = 1,  // BoringSSL alone
  kIpsecMb = 2,    // intel-ipsec-mb for every suite, even where BoringSSL would be faster
};

struct AeadProviderChoice {
  AeadProviders providers;
  // Why intel-ipsec-mb is not used at all though the preference allows it; else empty.
  std::string reason;
  // It could be used but gave a wrong answer: news for the operator, unlike a CPU without AVX2.
  bool is_wrong = false;
};

// Takes intel-ipsec-mb only after known answers and a comparison with BoringSSL on every size of a
// packet, forgeries included (a few milliseconds). BoringSSL is to be tested first (SelfTest).
// Never fails: without intel-ipsec-mb it is BoringSSL, with the reason.
[[nodiscard]] AeadProviderChoice ChooseAeadProviders(AeadPreference preference);

// The same of another library and with other answers.
[[nodiscard]] AeadProviderChoice ChooseAeadProviders(AeadPreference preference,
                                                     const IpsecMb& library,
                                                     const KnownAnswers& answers);

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_AEAD_PROVIDER_H_
