#include "crypto/aead.h"

#include <new>

#include "crypto/aead_context.h"
#include "crypto/require.h"

namespace ringwire::crypto {
namespace {

using Nonce = std::array<uint8_t, 12>;

constexpr Nonce kZeroNonce{};

Nonce TransportNonce(uint64_t counter) {
  Nonce nonce{};
  for (size_t i = 0; i < 8; ++i) nonce[4 + i] = static_cast<uint8_t>(counter >> (8 * i));
  return nonce;
}

const EVP_AEAD* SuiteAead(AeadSuite suite) {
  switch (suite) {
    case AeadSuite::kChaCha20Poly1305:
      return EVP_aead_chacha20_poly1305();
    case AeadSuite::kAes256Gcm:
      return EVP_aead_aes_256_gcm();
  }
  FailRequirement("a known AeadSuite");
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

AeadKey::AeadKey(AeadSuite suite, const SymmetricKey& key) : suite_(suite) {
  static_assert(sizeof(AeadContext) <= kContextBytes && alignof(AeadContext) <= 64);
  new (storage_.data()) AeadContext(SuiteAead(suite), key);
}

AeadKey::~AeadKey() { context().~AeadContext(); }

const AeadContext& AeadKey::context() const {
  return *std::launder(reinterpret_cast<const AeadContext*>(storage_.data()));
}

AeadEngine::AeadEngine() { AeadContext::PrepareThread(); }

void AeadEngine::SealRun(const AeadKey& key, std::span<const SealSegment> segments,
                         uint64_t counter0) {
  const AeadContext& context = key.context();
  uint64_t counter = counter0;
  for (const SealSegment& segment : segments) {
    context.Seal(TransportNonce(counter), {segment.data, segment.size}, {},
                 {segment.data, segment.size + kTagBytes});
    ++counter;
  }
}

void AeadEngine::OpenRun(const AeadKey& key, std::span<OpenSegment> segments) {
  const AeadContext& context = key.context();
  for (OpenSegment& segment : segments) {
    const size_t plaintext_size = segment.size < kTagBytes ? 0 : segment.size - kTagBytes;
    segment.ok = context.Open(TransportNonce(segment.counter), {segment.data, segment.size}, {},
                              {segment.data, plaintext_size});
  }
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
