#ifndef RINGWIRE_CRYPTO_INTERLEAVED_POLY1305_H_
#define RINGWIRE_CRYPTO_INTERLEAVED_POLY1305_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

// Poly1305 as ChaCha20-Poly1305 uses it (RFC 8439 §2.8), for many messages at once. Internal to
// crypto/*.cc, tests and benchmarks.
namespace ringwire::crypto {

// The tag of `size` bytes at `data`, padded with zeros to whole blocks, and then of one more block
// of two numbers: bytes of associated data and bytes of ciphertext.
struct PolyMessage {
  const uint8_t* data;
  size_t size;
  std::array<uint64_t, 2> lengths;
};

using PolyKey = std::array<uint8_t, 32>;
using PolyTag = std::array<uint8_t, 16>;

inline constexpr size_t kPolyLanes = 8;

// Message i under keys[i] into tags[i]: at most kPolyLanes messages, each in a vector lane of its
// own. Time and memory accesses depend on sizes and addresses only, never on keys or data. Needs
// CanInterleave() (crypto/aead_interleaved.h).
void Poly1305Lanes(std::span<const PolyMessage> messages, const PolyKey* keys, PolyTag* tags);

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_INTERLEAVED_POLY1305_H_
