#ifndef RINGWIRE_CORE_CONTROL_GATEWAY_CONFIG_H_
#define RINGWIRE_CORE_CONTROL_GATEWAY_CONFIG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/wire/address.h"

// What a configuration file asks of the host around the tunnel: plain data.
namespace ringwire {

inline constexpr uint32_t kMainTable = 254;  // the kernel's RT_TABLE_MAIN

// Where routes to the peers' AllowedIPs go.
struct RouteTable {
  enum class Kind : uint8_t {
    kAuto,    // the main table; a prefix of length 0 takes the whole traffic by policy rules
    kOff,     // no routes
    kNumber,  // this table, whatever the prefix
  };
  Kind kind = Kind::kAuto;
  uint32_t number = 0;
  friend bool operator==(const RouteTable&, const RouteTable&) = default;
};

struct DnsSettings {
  std::vector<IpAddress> servers;
  std::vector<std::string> search;  // domains
  friend bool operator==(const DnsSettings&, const DnsSettings&) = default;
};

// Shell commands as they stand in the file, each list in order.
struct Hooks {
  std::vector<std::string> pre_up;
  std::vector<std::string> post_up;
  std::vector<std::string> pre_down;
  std::vector<std::string> post_down;
  friend bool operator==(const Hooks&, const Hooks&) = default;
};

// The [Gateway] section.
struct GatewayConfig {
  bool forward = false;
  std::string masquerade;  // an interface, "auto" for whichever way leads out, or empty for none
  friend bool operator==(const GatewayConfig&, const GatewayConfig&) = default;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_GATEWAY_CONFIG_H_
