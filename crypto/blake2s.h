#ifndef RINGWIRE_CRYPTO_BLAKE2S_H_
#define RINGWIRE_CRYPTO_BLAKE2S_H_

#include <array>
#include <cstdint>
#include <span>

namespace ringwire::crypto {

using Hash = std::array<uint8_t, 32>;
using Mac16 = std::array<uint8_t, 16>;

// BLAKE2s (RFC 7693). Pure functions, free of allocation. Internal state is zeroed before they
// return; a caller that hashed secrets into a Hash cleanses that result itself.

// HASH of WP §5.4: BLAKE2s-256 of a || b || c.
[[nodiscard]] Hash Blake2s(std::span<const uint8_t> a, std::span<const uint8_t> b = {},
                           std::span<const uint8_t> c = {});

// MAC of WP §5.4: keyed BLAKE2s of a || b with a digest length of 16 (which is not the first half
// of the 32-byte digest). `key` has 1 to 32 bytes.
[[nodiscard]] Mac16 Blake2sMac16(std::span<const uint8_t> key, std::span<const uint8_t> a,
                                 std::span<const uint8_t> b = {});

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_BLAKE2S_H_
