#ifndef RINGWIRE_PLATFORM_TLS_KEY_SIGNATURES_H_
#define RINGWIRE_PLATFORM_TLS_KEY_SIGNATURES_H_

#include <cstdint>
#include <vector>

struct evp_pkey_st;

namespace ringwire::platform {

// The kinds and sizes of keys that a server may have: ECDSA with P-256 or P-384, Ed25519, and RSA
// of at least 2,048 bits.
inline constexpr uint32_t kRsaBitsMin = 2048;

// The signature algorithms of TLS 1.3 that such a key makes, the preferred first. Empty: another
// key.
std::vector<uint16_t> KeySignatures(const evp_pkey_st& key);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_TLS_KEY_SIGNATURES_H_
