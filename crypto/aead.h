#ifndef RINGWIRE_CRYPTO_AEAD_H_
#define RINGWIRE_CRYPTO_AEAD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "crypto/secret.h"

namespace ringwire::crypto {

struct AeadKeySchedules;
class AeadRuns;

// The cipher of transport messages. The values are part of the handshake extension.
enum class AeadSuite : uint8_t { kChaCha20Poly1305 = 0, kAes256Gcm = 1 };

inline constexpr size_t kAeadSuiteCount = 2;

// "ChaCha20-Poly1305" or "AES-256-GCM".
[[nodiscard]] const char* AeadSuiteName(AeadSuite suite);

inline constexpr size_t kTagBytes = 16;

// The code that seals and opens. BoringSSL is always there; crypto/aead_provider.h states when
// another one may be used. kInterleaved is our own, for ChaCha20-Poly1305 alone
// (crypto/aead_interleaved.h).
enum class AeadProvider : uint8_t { kBoringSsl = 0, kIpsecMb = 1, kInterleaved = 2 };

// "BoringSSL", "intel-ipsec-mb" or "interleaved".
[[nodiscard]] const char* AeadProviderName(AeadProvider provider);

// The provider of each suite.
struct AeadProviders {
  std::array<AeadProvider, kAeadSuiteCount> by_suite{};
  // Beside kInterleaved: the library for runs that are too short to interleave.
  AeadProvider short_runs = AeadProvider::kBoringSsl;

  AeadProvider of(AeadSuite suite) const { return by_suite[static_cast<size_t>(suite)]; }
  bool operator==(const AeadProviders&) const = default;
};

// One key for one suite, expanded in place once, for every provider that this machine has, and then
// immutable. Zeroed on destruction. Thread-safe: any number of engines, of whatever providers, may
// use it at the same time.
class AeadKey {
 public:
  AeadKey(AeadSuite suite, const SymmetricKey& key);
  ~AeadKey();
  AeadKey(const AeadKey&) = delete;
  AeadKey& operator=(const AeadKey&) = delete;

  AeadSuite suite() const { return suite_; }
  // For the providers in this folder.
  const AeadKeySchedules& schedules() const;

 private:
  // Room for the providers' key schedules; aead.cc asserts that it is enough.
  static constexpr size_t kSchedulesBytes = 1920;

  const AeadSuite suite_;
  alignas(64) std::array<std::byte, kSchedulesBytes> storage_;
};

// `size` bytes of plaintext at `data`, which are replaced by ciphertext. The tag goes into the next
// kTagBytes, which belong to the segment too.
struct SealSegment {
  uint8_t* data;
  size_t size;
};

// `size` bytes of ciphertext and tag at `data`, which are replaced by size - kTagBytes bytes of
// plaintext. OpenRun sets `ok` and changes no other field. If the segment is refused, those
// plaintext bytes are zero (and nothing is written if `size` is below kTagBytes).
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
  // BoringSSL for every suite.
  AeadEngine() : AeadEngine(AeadProviders()) {}
  // `providers` comes from ChooseAeadProviders (crypto/aead_provider.h); a provider that this
  // machine lacks is our bug.
  explicit AeadEngine(const AeadProviders& providers);
  ~AeadEngine();
  AeadEngine(const AeadEngine&) = delete;
  AeadEngine& operator=(const AeadEngine&) = delete;

  // Segment i is sealed under counter0 + i. The caller has reserved these counters: using one twice
  // under a key reveals the key's plaintexts.
  void SealRun(const AeadKey& key, std::span<const SealSegment> segments, uint64_t counter0);

  // Sets `ok` of every segment; one bad segment does not stop the rest.
  void OpenRun(const AeadKey& key, std::span<OpenSegment> segments);

 private:
  AeadRuns& RunsOf(const AeadKey& key) const;
  AeadRuns* RunsOf(AeadProvider provider) const;

  const std::unique_ptr<AeadRuns> boring_ssl_;
  const std::unique_ptr<AeadRuns> ipsec_mb_;     // null where no suite uses it
  const std::unique_ptr<AeadRuns> interleaved_;  // the same
  std::array<AeadRuns*, kAeadSuiteCount> by_suite_;
};

// ChaCha20-Poly1305 (RFC 8439) with an all-zero nonce, for handshake fields (AEAD of WP §5.4 with
// counter 0). Each key seals once. `out` may begin where the input begins.

// `out` has plaintext.size() + kTagBytes bytes.
void AeadSeal(const SymmetricKey& key, std::span<const uint8_t> plaintext,
              std::span<const uint8_t> aad, std::span<uint8_t> out);

// `out` has ciphertext.size() - kTagBytes bytes. False, with `out` zeroed, unless the tag verifies.
[[nodiscard]] bool AeadOpen(const SymmetricKey& key, std::span<const uint8_t> ciphertext,
                            std::span<const uint8_t> aad, std::span<uint8_t> out);

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_AEAD_H_
