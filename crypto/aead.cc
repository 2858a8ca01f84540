#include "crypto/aead.h"

#include <algorithm>
#include <new>

#include "crypto/aead_runs.h"
#include "crypto/require.h"

namespace ringwire::crypto {
namespace {

constexpr std::array<uint8_t, 12> kZeroNonce{};

const EVP_AEAD* SuiteAead(AeadSuite suite) {
  switch (suite) {
    case AeadSuite::kChaCha20Poly1305:
      return EVP_aead_chacha20_poly1305();
    case AeadSuite::kAes256Gcm:
      return EVP_aead_aes_256_gcm();
  }
  FailRequirement("a known AeadSuite");
}

bool Uses(const AeadProviders& providers, AeadProvider provider) {
  return std::ranges::find(providers.by_suite, provider) != providers.by_suite.end() ||
         providers.short_runs == provider;
}

}  // namespace

const char* AeadSuiteName(AeadSuite suite) {
  switch (suite) {
    case AeadSuite::kChaCha20Poly1305:
      return "ChaCha20-Poly1305";
    case AeadSuite::kAes256Gcm:
      return "AES-256-GCM";
  }
  FailRequirement("a known AeadSuite");
}

const char* AeadProviderName(AeadProvider provider) {
  switch (provider) {
    case AeadProvider::kBoringSsl:
      return "BoringSSL";
    case AeadProvider::kIpsecMb:
      return "intel-ipsec-mb";
    case AeadProvider::kInterleaved:
      return "interleaved";
  }
  FailRequirement("a known AeadProvider");
}

void StoreTransportNonce(uint64_t counter, std::span<uint8_t, 12> nonce) {
  for (size_t i = 0; i < 4; ++i) nonce[i] = 0;
  for (size_t i = 0; i < 8; ++i) nonce[4 + i] = static_cast<uint8_t>(counter >> (8 * i));
}

AeadKeySchedules::AeadKeySchedules(AeadSuite suite, const SymmetricKey& key)
    : boring_ssl(SuiteAead(suite), key), interleaved(suite, key), ipsec_mb(suite, key) {}

AeadKey::AeadKey(AeadSuite suite, const SymmetricKey& key) : suite_(suite) {
  static_assert(sizeof(AeadKeySchedules) <= kSchedulesBytes && alignof(AeadKeySchedules) <= 64);
  new (storage_.data()) AeadKeySchedules(suite, key);
}

AeadKey::~AeadKey() { schedules().~AeadKeySchedules(); }

const AeadKeySchedules& AeadKey::schedules() const {
  return *std::launder(reinterpret_cast<const AeadKeySchedules*>(storage_.data()));
}

AeadEngine::AeadEngine(const AeadProviders& providers)
    : boring_ssl_(std::make_unique<BoringSslRuns>()),
      ipsec_mb_(Uses(providers, AeadProvider::kIpsecMb) ? MakeIpsecMb().runs : nullptr),
      interleaved_(Uses(providers, AeadProvider::kInterleaved)
                       ? MakeInterleaved(ipsec_mb_ != nullptr &&
                                                 providers.short_runs == AeadProvider::kIpsecMb
                                             ? ipsec_mb_.get()
                                             : boring_ssl_.get())
                       : nullptr) {
  AeadContext::PrepareThread();
  for (size_t i = 0; i < kAeadSuiteCount; ++i) {
    by_suite_[i] = RunsOf(providers.by_suite[i]);
    Require(by_suite_[i] != nullptr, "a provider only where it can be used");
  }
  Require(providers.of(AeadSuite::kAes256Gcm) != AeadProvider::kInterleaved,
          "AES-256-GCM by a library");
}

AeadEngine::~AeadEngine() = default;

AeadRuns* AeadEngine::RunsOf(AeadProvider provider) const {
  switch (provider) {
    case AeadProvider::kBoringSsl:
      return boring_ssl_.get();
    case AeadProvider::kIpsecMb:
      return ipsec_mb_.get();
    case AeadProvider::kInterleaved:
      return interleaved_.get();
  }
  FailRequirement("a known AeadProvider");
}

AeadRuns& AeadEngine::RunsOf(const AeadKey& key) const {
  return *by_suite_[static_cast<size_t>(key.suite())];
}

void AeadEngine::SealRun(const AeadKey& key, std::span<const SealSegment> segments,
                         uint64_t counter0) {
  RunsOf(key).SealRun(key, segments, counter0);
}

void AeadEngine::OpenRun(const AeadKey& key, std::span<OpenSegment> segments) {
  RunsOf(key).OpenRun(key, segments);
}

void AeadSeal(const SymmetricKey& key, std::span<const uint8_t> plaintext,
              std::span<const uint8_t> aad, std::span<uint8_t> out) {
  AeadContext(EVP_aead_chacha20_poly1305(), key).Seal(kZeroNonce, plaintext, aad, out);
}

bool AeadOpen(const SymmetricKey& key, std::span<const uint8_t> ciphertext,
              std::span<const uint8_t> aad, std::span<uint8_t> out) {
  return AeadContext(EVP_aead_chacha20_poly1305(), key).Open(kZeroNonce, ciphertext, aad, out);
}

}  // namespace ringwire::crypto
