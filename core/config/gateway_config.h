#ifndef RINGWIRE_CORE_CONFIG_GATEWAY_CONFIG_H_
#define RINGWIRE_CORE_CONFIG_GATEWAY_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config_value.h"
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

// The number of the routing table that has this name on the host; nullopt: none has. A null
// pointer: names are not looked up.
using TableNumber = std::optional<uint32_t> (*)(const std::string& name);

struct DnsSettings {
  std::vector<NameServer> servers;
  std::vector<std::string> search;  // domains; one behind ~ only says what these servers know
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

// Whether nothing but the tunnel's own datagrams leaves the host, and what does all the same.
struct KillSwitch {
  bool on = false;
  bool local = false;  // the directly connected networks are in reach
  bool dns = false;    // the names of endpoints are looked up also while it is in force
  friend bool operator==(const KillSwitch&, const KillSwitch&) = default;
};

struct PortRange {
  uint16_t first = 0;
  uint16_t last = 0;
  uint32_t count() const { return uint32_t{last} - first + 1; }
  bool Contains(uint16_t port) const { return first <= port && port <= last; }
  bool Overlaps(const PortRange& other) const { return first <= other.last && other.first <= last; }
  std::string ToString() const;  // 80, or 80-90
  friend bool operator==(const PortRange&, const PortRange&) = default;
};

// Ports of this host, for the target's address family, that a host behind the tunnel serves.
struct PortForward {
  enum class Protocol : uint8_t { kTcp, kUdp };
  Protocol protocol = Protocol::kTcp;
  PortRange ports;
  IpAddress target;
  PortRange target_ports;   // as many as `ports`
  bool masquerade = false;  // the target sees this host's address instead of the client's
  friend bool operator==(const PortForward&, const PortForward&) = default;
};
// As nft calls them, too.
std::string_view ProtocolName(PortForward::Protocol protocol);

// The [Gateway] section.
struct GatewayConfig {
  bool forward = false;  // asked for, or needed by another key
  KillSwitch kill_switch;
  std::string masquerade;  // an interface, "auto" for whichever way leads out, or empty for none
  std::vector<Prefix> route_from;  // the only sources that take the tunnel; empty: all do
  std::string network_namespace;   // in which the interface lives; empty: where ringwire runs
  std::vector<PortForward> port_forwards;  // no two of the same protocol, family and port
  // Answers to connections that have come by the tunnel leave by it, whatever the routes say.
  bool return_path = false;
  // An Ethernet segment over the tunnel is a port of this bridge; empty: there is none.
  std::string bridge;
  uint32_t vxlan_id = 1;  // of that segment
  friend bool operator==(const GatewayConfig&, const GatewayConfig&) = default;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONFIG_GATEWAY_CONFIG_H_
