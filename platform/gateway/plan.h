#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/control/config_file.h"
#include "platform/gateway/action.h"

// From what a configuration asks for and what the host is like to the changes to make. Pure: the
// same arguments give the same plan, and nothing is touched.
namespace ringwire::platform {

// One change and its exact inverse. Steps are applied in order and undone in reverse.
struct Step {
  std::optional<Action> apply;
  std::optional<Action> undo;
  // It keeps packets from leaving outside of the tunnel, so that it stays when the service dies;
  // only going down on purpose undoes it.
  bool stays_after_crash = false;
  friend bool operator==(const Step&, const Step&) = default;
};

// What a plan depends on, beside the configuration.
struct HostFacts {
  bool has_ipv6 = true;
  std::vector<uint32_t> tables_in_use;    // that have a route
  std::vector<uint32_t> rule_priorities;  // of all policy rules, of both families
  // The table of the full tunnel of this interface's predecessor, which has not been undone. It is
  // taken again, with its rules, so that nothing opens in between.
  std::optional<uint32_t> predecessor_table;
  std::optional<uint32_t> predecessor_priority;
  std::map<std::string, std::string, std::less<>> sysctls;  // those of SysctlsOf; absent: no such
  DnsProgram dns_program = DnsProgram::kNone;
  std::string resolvconf_prefix;  // in front of the interface's name
};

struct Plan {
  std::vector<Step> steps;
  uint32_t fwmark = 0;                // of every UDP socket, from before the first step
  std::vector<std::string> warnings;  // what the configuration asks for and this host cannot do
};

inline constexpr uint32_t kDefaultMtu = 1420;  // an Ethernet's 1500 less WireGuard's 80 over IPv6

// The sysctls whose values MakePlan wants to know, below /proc/sys.
std::vector<std::string> SysctlsOf(const ConfigFile& config);
// Whether MakePlan wants to know tables and rules: all traffic is to take the tunnel.
bool IsFullTunnel(const ConfigFile& config);

Plan MakePlan(std::string_view interface, const ConfigFile& config, const HostFacts& facts);

// What a person would type to do it, one command a line, with comments.
std::string CommandsOf(const Plan& plan, std::string_view interface);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_H_
