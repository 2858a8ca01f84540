#ifndef RINGWIRE_CRYPTO_AEAD_RUNS_H_
#define RINGWIRE_CRYPTO_AEAD_RUNS_H_

#include <cstdint>
#include <span>

#include "crypto/aead.h"
#include "crypto/aead_context.h"
#include "crypto/aead_interleaved.h"
#include "crypto/aead_ipsec_mb.h"

// The interface of a provider. Internal to crypto/*.cc and its tests.
namespace ringwire::crypto {

// The contents of an AeadKey: the key in each provider's form.
struct AeadKeySchedules {
  AeadKeySchedules(AeadSuite suite, const SymmetricKey& key);

  AeadContext boring_ssl;
  InterleavedKey interleaved;  // fills the gap before the other, which is aligned
  IpsecMbKey ipsec_mb;
};

// One provider for one thread. The contracts are those of AeadEngine's functions of the same names;
// a run costs one virtual call.
class AeadRuns {
 public:
  virtual ~AeadRuns() = default;
  virtual void SealRun(const AeadKey& key, std::span<const SealSegment> segments,
                       uint64_t counter0) = 0;
  virtual void OpenRun(const AeadKey& key, std::span<OpenSegment> segments) = 0;
};

// One segment after the other.
class BoringSslRuns : public AeadRuns {
 public:
  void SealRun(const AeadKey& key, std::span<const SealSegment> segments,
               uint64_t counter0) override;
  void OpenRun(const AeadKey& key, std::span<OpenSegment> segments) override;
};

// The nonce of a transport message (WP §5.4.6): four zero bytes and the counter as LE64.
void StoreTransportNonce(uint64_t counter, std::span<uint8_t, 12> nonce);

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_AEAD_RUNS_H_
