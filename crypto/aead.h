#ifndef RINGWIRE_CRYPTO_AEAD_H_
#define RINGWIRE_CRYPTO_AEAD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "crypto/secret.h"

namespace ringwire::crypto {

class AeadContext;

// How transport messages are sealed. The values are part of the handshake extension.
enum class AeadSuite : uint8_t { kChaCha20Poly1305 = 0, kAes256Gcm = 1 };

inline constexpr size_t kAeadSuiteCount = 2;

// "ChaCha20-Poly1305" or "AES-256-GCM".
[[nodiscard]] const char* AeadSuiteName(AeadSuite suite);

inline constexpr size_t kTagBytes = 16;

// One key for one suite, expanded in place once and then immutable. Zeroed on destruction.
// Thread-safe: any number of engines may use it at the same time.
class AeadKey {
 public:
  AeadKey(AeadSuite suite, const SymmetricKey& key);
  ~AeadKey();
  AeadKey(const AeadKey&) = delete;
  AeadKey& operator=(const AeadKey&) = delete;

  AeadSuite suite() const { return suite_; }

 private:
  friend class AeadEngine;

  // Room for the provider's key schedule; aead.cc asserts that it is enough.
  static constexpr size_t kContextBytes = 640;

  const AeadContext& context() const;

  const AeadSuite suite_;
  alignas(64) std::array<std::byte, kContextBytes> storage_;
};

// `size` bytes of plaintext at `data`, which are replaced by ciphertext; the tag goes to the
// kTagBytes behind them, which belong to the segment too.
struct SealSegment {
  uint8_t* data;
  size_t size;
};

// `size` bytes of ciphertext and tag at `data`, which are replaced by size - kTagBytes bytes of
// plaintext. OpenRun sets `ok` and changes no other field. If the segment is refused, those
// plaintext bytes are zero (and nothing is written where `size` is below kTagBytes).
struct OpenSegment {
  uint8_t* data;
  size_t size;
  uint64_t counter;
  bool ok;
};

// Seals and opens runs of transport messages (WP §5.4.6): the nonce is four zero bytes and the
// counter as LE64, without associated data. Takes whole runs so that a provider may work on several
// segments at once. No heap allocation per run.
//
// Owned by one worker; construct it on the thread that will use it, because that thread's part of
// the provider is set up here.
class AeadEngine {
 public:
  AeadEngine();
  AeadEngine(const AeadEngine&) = delete;
  AeadEngine& operator=(const AeadEngine&) = delete;

  // Segment i is sealed under counter0 + i. The caller has reserved these counters: one that is
  // used twice under a key gives the key's plaintexts away.
  void SealRun(const AeadKey& key, std::span<const SealSegment> segments, uint64_t counter0);

  // Sets `ok` of every segment; one bad segment does not stop the rest.
  void OpenRun(const AeadKey& key, std::span<OpenSegment> segments);
};

// ChaCha20-Poly1305 (RFC 8439) with an all-zero nonce, for handshake fields (AEAD of WP §5.4 with
// counter 0), whose key serves once. `out` may begin where the input begins.

// `out` has plaintext.size() + kTagBytes bytes.
void AeadSeal(const SymmetricKey& key, std::span<const uint8_t> plaintext,
              std::span<const uint8_t> aad, std::span<uint8_t> out);

// `out` has ciphertext.size() - kTagBytes bytes. False, with `out` zeroed, unless the tag verifies.
[[nodiscard]] bool AeadOpen(const SymmetricKey& key, std::span<const uint8_t> ciphertext,
                            std::span<const uint8_t> aad, std::span<uint8_t> out);

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_AEAD_H_
