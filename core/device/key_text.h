#ifndef RINGWIRE_CORE_DEVICE_KEY_TEXT_H_
#define RINGWIRE_CORE_DEVICE_KEY_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "crypto/secret.h"

// Keys as text: base64 for people and files, hex on the control socket. All four functions use
// arithmetic only, no table and no branch that depends on a key's content, so that neither cache
// nor timing reveals a key.
namespace ringwire {

inline constexpr size_t kKeyBase64Length = 44;  // 43 characters and '='
inline constexpr size_t kKeyHexLength = 64;

// The text may be of a secret, if a tool must print one. Then the caller zeroes it
// (crypto::Cleanse).
std::string KeyToBase64(std::span<const uint8_t, 32> key);
std::string KeyToHex(std::span<const uint8_t, 32> key);  // lower case

// Strict: the exact length, no space, no bit set beyond the 256. On false `key` is all zeros.
[[nodiscard]] bool ParseKeyBase64(std::string_view text, std::span<uint8_t, 32> key);
[[nodiscard]] bool ParseKeyHex(std::string_view text, std::span<uint8_t, 32> key);  // either case

// How a peer appears in logs: "peer(abcd…wxyz)", the first and last four base64 characters before
// the '='.
std::string PeerLabel(const crypto::PublicKey& public_key);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DEVICE_KEY_TEXT_H_
