#ifndef RINGWIRE_CRYPTO_INTERLEAVED_CHACHA20_H_
#define RINGWIRE_CRYPTO_INTERLEAVED_CHACHA20_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

// ChaCha20 (RFC 8439 §2.4) for many messages at once. Internal to crypto/*.cc, tests and
// benchmarks.
namespace ringwire::crypto {

// `size` bytes at `data` are XORed with the keystream of `nonce` (three words, as RFC 8439 loads
// them), which begins at block `block`. The block number must not wrap within the stream.
struct ChaChaStream {
  uint8_t* data;
  size_t size;
  std::array<uint32_t, 3> nonce;
  uint32_t block;
};

// Fills sixteen vector lanes with the blocks of all streams, one after another, so that only the
// last pass has idle lanes. Streams must not overlap. Time and memory accesses depend on sizes and
// addresses only, never on keys or data. Needs CanInterleave() (crypto/aead_interleaved.h).
void XorChaChaStreams(std::span<const uint32_t, 8> key, std::span<const ChaChaStream> streams);

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_INTERLEAVED_CHACHA20_H_
