#ifndef RINGWIRE_CRYPTO_AEAD_INTERLEAVED_H_
#define RINGWIRE_CRYPTO_AEAD_INTERLEAVED_H_

#include <array>
#include <cstdint>
#include <memory>

#include "crypto/aead.h"

// ChaCha20-Poly1305 over a whole train: the packets of a run share the lanes of the vector unit
// (docs/decisions/0009-interleaved-aead.md). Internal to crypto/*.cc and to its tests.
namespace ringwire::crypto {

// The key as ChaCha20's eight words; zero for another suite. Zeroed on destruction.
struct InterleavedKey {
  InterleavedKey(AeadSuite suite, const SymmetricKey& key);
  ~InterleavedKey();
  InterleavedKey(const InterleavedKey&) = delete;
  InterleavedKey& operator=(const InterleavedKey&) = delete;

  std::array<uint32_t, 8> words{};
};

// Whether this CPU has the instructions (AVX-512 F and BW, and IFMA).
[[nodiscard]] bool CanInterleave();

// For ChaCha20-Poly1305 and one thread; null unless CanInterleave(). `short_runs`, which must
// outlive it, does runs of so few packets that most lanes would be idle; without it (null: for
// checks and tests) they are interleaved too.
[[nodiscard]] std::unique_ptr<AeadRuns> MakeInterleaved(AeadRuns* short_runs);

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_AEAD_INTERLEAVED_H_
