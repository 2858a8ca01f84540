#ifndef RINGWIRE_CORE_CONFIG_CONNECT_CONFIG_H_
#define RINGWIRE_CORE_CONFIG_CONNECT_CONFIG_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/post_quantum.h"
#include "core/config/config_value.h"
#include "core/wire/address.h"

namespace ringwire {

inline constexpr uint16_t kEnrolPort = 443;

// The [Connect] section: the gateway that the rest of the configuration comes from, and the bounds
// of its influence. Plain data.
struct ConnectConfig {
  EndpointName server;        // TCP; kEnrolPort where the file names no port
  std::string user;           // empty: asked for
  std::string device;         // empty: this host's name
  std::string password_file;  // empty: asked for; "-": standard input
  std::string ca;             // a PEM file; empty: the system's CAs, or none beside a pin
  std::optional<std::array<uint8_t, 32>> pin;  // SHA-256 of the server's public key (SPKI)
  std::optional<std::vector<Prefix>> routes;   // only what lies within these; absent: everything
  bool takes_dns = true;
  PostQuantum post_quantum = PostQuantum::kAuto;
  friend bool operator==(const ConnectConfig&, const ConnectConfig&) = default;
};

// HOST or HOST:PORT, an IPv6 address best in brackets. `why` says what is wrong where the text
// alone does not show it.
std::optional<EndpointName> ParseConnectServer(std::string_view text, std::string* why = nullptr);
// "sha256//" and 44 characters of base64, as curl writes it.
std::optional<std::array<uint8_t, 32>> ParseConnectPin(std::string_view text);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONFIG_CONNECT_CONFIG_H_
