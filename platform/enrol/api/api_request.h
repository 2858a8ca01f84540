#ifndef RINGWIRE_PLATFORM_ENROL_API_API_REQUEST_H_
#define RINGWIRE_PLATFORM_ENROL_API_API_REQUEST_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "core/enrol/messages.h"
#include "core/enrol/secret_bytes.h"
#include "crypto/secret.h"
#include "platform/http/http_message.h"

// The requests of the HTTP API, version 1, for both ends. Pure.
namespace ringwire::platform {

// GET /ringwire/v1/: what the server can do, and its view of the TLS session.
struct ApiDiscovery {};

// POST /ringwire/v1/leases
struct ApiLogin {
  crypto::PublicKey public_key{};
  std::string device;  // printable ASCII
  std::string user;
  enrol::SecretBytes password;  // 1 to 256 bytes, none of them NUL
};

// POST /ringwire/v1/lease
struct ApiRenewal {
  enrol::LeaseToken token;
  uint32_t revision = 0;  // of the settings that the client has
  // Set: a new preshared key for the client's public key, from this TLS session.
  std::optional<crypto::PublicKey> rekey = std::nullopt;
};

// DELETE /ringwire/v1/lease
struct ApiEnd {
  enrol::LeaseToken token;
};

using ApiRequest = std::variant<ApiDiscovery, ApiLogin, ApiRenewal, ApiEnd>;

// Why a request is refused, as the answer says it.
struct ApiError {
  int status = 400;
  std::string_view error = "bad_request";
};

// Zeroes the request's body, which may hold a password. `server_names`: the names and addresses
// that the server answers to.
std::variant<ApiRequest, ApiError> ReadApiRequest(HttpRequest* request,
                                                  std::span<const std::string> server_names);
// The body may hold a password, and the fields a token: the caller zeroes the message.
HttpRequest WriteApiRequest(const ApiRequest& request);

// 32 bytes as base64url without padding: 43 characters. Zero the text of a token when it is used.
std::string Base64Url(std::span<const uint8_t, 32> bytes);
[[nodiscard]] bool ParseBase64Url(std::string_view text, std::span<uint8_t, 32> bytes);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_ENROL_API_API_REQUEST_H_
