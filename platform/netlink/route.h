#ifndef RINGWIRE_PLATFORM_NETLINK_ROUTE_H_
#define RINGWIRE_PLATFORM_NETLINK_ROUTE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "core/wire/address.h"

// Routes and policy rules in the kernel's terms.
namespace ringwire::platform {

inline constexpr uint32_t kLocalTable = 255;             // the kernel's RT_TABLE_LOCAL
inline constexpr uint32_t kGreatestMetric = UINT32_MAX;  // lower preference than every other route

struct Route {
  enum class Type : uint8_t {
    kInterface,    // through the gateway's interface
    kUnreachable,  // no interface: packets are refused
  };
  Type type = Type::kInterface;
  Prefix prefix;
  uint32_t table = 0;
  uint32_t metric = 0;  // 0: the kernel's own choice
  friend bool operator==(const Route&, const Route&) = default;
};

// A policy rule that looks a table up for the packets that match. Without a table it refuses them,
// jumps to the rule at `go_to`, or is only a jump target.
struct Rule {
  IpFamily family = IpFamily::kNone;
  uint32_t priority = 0;
  uint32_t table = 0;  // 0: none
  std::optional<Prefix> source = std::nullopt;
  std::optional<Prefix> destination = std::nullopt;
  std::optional<uint32_t> if_mark = std::nullopt;      // not together with unless_mark,
  std::optional<uint32_t> unless_mark = std::nullopt;  // which inverts the whole match
  // Ignores routes of at most this prefix length.
  std::optional<uint32_t> suppress_prefix_length = std::nullopt;
  std::optional<uint32_t> go_to = std::nullopt;  // must be greater than its own priority
  bool refuses = false;                          // the packets that match, without a table
  // Only this host's own UDP datagrams from this port.
  std::optional<uint16_t> own_udp_port = std::nullopt;
  friend bool operator==(const Rule&, const Rule&) = default;
};

// As `ip rule` takes it: "priority 100 from 10.0.0.0/8 table main".
std::string RuleWords(const Rule& rule);

// For error messages: "add the route 10.0.0.0/8 to table 254".
std::string DescribeAdd(const Route& route);
std::string DescribeRemove(const Route& route);
std::string DescribeAdd(const Rule& rule);
std::string DescribeRemove(const Rule& rule);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_ROUTE_H_
