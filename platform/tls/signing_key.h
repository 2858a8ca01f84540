#ifndef RINGWIRE_PLATFORM_TLS_SIGNING_KEY_H_
#define RINGWIRE_PLATFORM_TLS_SIGNING_KEY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "platform/tls/certificate.h"

struct evp_pkey_st;

namespace ringwire::platform {

// RSA of 8,192 bits; the other kinds need less.
inline constexpr size_t kSignatureBytesMax = 1024;
// The prefix (64 spaces, a text of 33 bytes, NUL) and a hash of at most 64 bytes.
inline constexpr size_t kSigningInputBytesMax = 64 + 33 + 1 + 64;

// Whether this is what a server signs in a handshake (RFC 8446, section 4.4.3), and therefore no
// certificate, no client's proof and no message of another protocol. Pure.
bool IsServerHandshake(std::span<const uint8_t> input);

// A server's private key. It signs handshakes of a server and nothing else. Thread-safe.
class SigningKey {
 public:
  // InvalidArgument: it is broken, encrypted, or of a kind that ringwire does not use
  // (platform/tls/key_signatures.h). `pem` stays the caller's to zero.
  static absl::StatusOr<SigningKey> FromPem(std::string_view pem);

  bool Matches(const x509_st& certificate) const;

  // `algorithm` as in TLS 1.3. InvalidArgument: `input` is not what a server signs, or the key
  // makes no such signature.
  absl::StatusOr<std::vector<uint8_t>> SignServerHandshake(uint16_t algorithm,
                                                           std::span<const uint8_t> input) const;

 private:
  struct KeyDeleter {
    void operator()(evp_pkey_st* key) const;
  };
  explicit SigningKey(evp_pkey_st* key) : key_(key) {}

  std::unique_ptr<evp_pkey_st, KeyDeleter> key_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_TLS_SIGNING_KEY_H_
