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
  // As kAuto, but trains of ChaCha20-Poly1305 by our own code, which nobody independent has
  // reviewed.
  kInterleaved = 3,
};

struct AeadProviderChoice {
  AeadProviders providers;
  // Why intel-ipsec-mb is not used although the preference allows it; else empty.
  std::string reason;
  // It could run but gave a wrong answer. The operator must hear of this, unlike of a CPU without
  // AVX2.
  bool is_wrong = false;
  // Why trains are not interleaved although the preference asks for it; else empty.
  std::string not_interleaved;
};

// Takes intel-ipsec-mb only after known answers and a comparison with BoringSSL on every size of a
// packet, forgeries included (a few milliseconds). Run SelfTest for BoringSSL first. Never fails:
// without intel-ipsec-mb it chooses BoringSSL and gives the reason.
[[nodiscard]] AeadProviderChoice ChooseAeadProviders(AeadPreference preference);

// The same with another library, other interleaving code (null: the CPU has not the instructions)
// and other answers, for tests.
[[nodiscard]] AeadProviderChoice ChooseAeadProviders(AeadPreference preference,
                                                     const IpsecMb& library, AeadRuns* interleaved,
                                                     const KnownAnswers& answers);

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_AEAD_PROVIDER_H_
