#ifndef RINGWIRE_CORE_CONFIG_ENROL_CONFIG_H_
#define RINGWIRE_CORE_CONFIG_ENROL_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/post_quantum.h"
#include "core/config/config_value.h"
#include "core/config/gateway_config.h"
#include "core/wire/address.h"

namespace ringwire {

// The [Enrol] section: how clients join by TLS and a password, and what they are given. Plain data.
// Paths are as in the file; an empty list stands for its default.
struct EnrolConfig {
  std::vector<SocketAddress> listen;      // default: port 443 of every address
  std::vector<std::string> server_names;  // names in lower case, or addresses; at least one
  std::string certificate;
  std::string certificate_key;
  std::string users;           // default: NAME.users beside the file
  std::vector<Prefix> pool;    // default: the networks of Address
  std::vector<Prefix> routes;  // default: the networks of Address
  DnsSettings dns;
  std::optional<uint16_t> mtu;          // default: the interface's
  uint16_t keepalive_s = 25;            // 0: off
  std::vector<EndpointName> endpoints;  // default: the first server name, with ListenPort
  uint32_t lease_s = 3600;
  uint32_t session_s = 24 * 3600;
  uint32_t devices_max = 5;
  uint32_t leases_max = 10'000;
  PostQuantum post_quantum = PostQuantum::kAuto;
  uint16_t portals = 0;  // 0: half the CPUs, at least one

  friend bool operator==(const EnrolConfig&, const EnrolConfig&) = default;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONFIG_ENROL_CONFIG_H_
