#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/config_file.h"
#include "platform/gateway/plan/action.h"
#include "platform/gateway/plan/namespace_dns.h"
#include "platform/gateway/plan/rule_priorities.h"
#include "platform/netlink/inner_links.h"
#include "platform/netlink/local_networks.h"

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

// A route of a network namespace that leads into the world.
struct WayOut {
  Prefix prefix;
  std::string interface;  // empty: several
  uint32_t table = 0;
  friend bool operator==(const WayOut&, const WayOut&) = default;
};

// A peer and the single addresses in its AllowedIPs, in order.
struct BridgePeer {
  std::string name;  // or key
  std::vector<IpAddress> hosts;
  friend bool operator==(const BridgePeer&, const BridgePeer&) = default;
};
// The link that Bridge names.
struct BridgeFacts {
  bool exists = false;
  bool is_bridge = false;
  bool is_ours = false;  // made by a ringwire
  friend bool operator==(const BridgeFacts&, const BridgeFacts&) = default;
};

// What a plan depends on, beside the configuration.
struct HostFacts {
  bool has_ipv6 = true;
  std::vector<uint32_t> tables_in_use;    // that have a route, or that a rule names; also marks
  std::vector<uint32_t> rule_priorities;  // of all policy rules, of both families
  std::vector<uint32_t> local_rules;      // of those, the ones that look up the table `local`
  std::vector<Reservation> others;        // of other interfaces that were there before
  std::vector<Reservation> switches;      // of other interfaces with a kill switch, at any time
  std::vector<Reservation> servers;       // of other interfaces that are servers, at any time
  // Of this interface's predecessor, which has not been undone. It is taken again, so that nothing
  // opens in between.
  Reservation predecessor;
  bool predecessor_kill_switch = false;  // its nft table is there and may keep packets in
  LocalNetworks local_networks;          // by the routes of the host
  InnerLinks inner_links;                // read for a kill switch only
  // Of the sockets that ringwire makes, as rules of this network namespace see it; nothing: they
  // see another number, that of another user namespace.
  std::optional<uint32_t> socket_uid = 0;
  Uplinks uplinks;
  std::vector<IpAddress> name_servers;  // that programs of this host ask
  // Those of SysctlsOf, as they were before any interface of ours came up; absent: no such.
  std::map<std::string, std::string, std::less<>> sysctls;
  std::vector<std::string> interfaces;  // by name
  std::optional<uint32_t> path_mtu;     // as ReadPathMtu finds it
  bool has_nft = true;                  // the program
  DnsProgram dns_program = DnsProgram::kNone;
  std::string resolvconf_prefix;  // in front of the interface's name
  // With a network namespace of its own for the interface, tables, rules and sysctls are those of
  // it.
  bool namespace_exists = false;
  bool namespace_is_ours = false;  // made by a ringwire, which leaves its removal to the last one
  NamespaceDnsFacts namespace_dns;
  std::vector<WayOut> ways_out;  // beside those of ringwires
  BridgeFacts bridge;
  // The peers of the running device; absent: those of the file.
  std::optional<std::vector<BridgePeer>> bridge_peers;
};

struct Plan {
  std::vector<Step> steps;
  uint32_t fwmark = 0;  // of every UDP socket, from before the first step
  // Names of endpoints are looked up by questions with that mark too, as they must not depend on
  // the tunnel that needs the answers.
  bool marks_questions = false;
  std::optional<RulePlace> place;          // of its policy rules, if it has any
  std::vector<PortForward> port_forwards;  // whose ports of this host it takes
  bool kill_switch = false;                // that its own datagrams pass
  std::string network_namespace;           // of the interface; empty: the one that ringwire runs in
  std::vector<std::string> warnings;  // what the configuration asks for and this host cannot do
  std::string refusal;                // why it must not be carried out; empty: it may
};

// The sysctls whose values MakePlan wants to know, below /proc/sys. `*` stands for every interface,
// and for `all` and `default`.
std::vector<std::string> SysctlsOf(const ConfigFile& config);
using Sysctls = std::map<std::string, std::string, std::less<>>;
// What those were before ringwire set any, for what comes after `plan`, which is in force: of those
// that it sets what `facts` said then, of the others what is so `now`.
Sysctls SysctlsBefore(const Plan& plan, const HostFacts& facts, Sysctls now);
// The settings that a plan changes, and their values.
std::vector<std::pair<std::string, std::string>> SysctlsOf(const Plan& plan);
// Whether MakePlan wants to know tables and rules.
bool NeedsPolicyFacts(const ConfigFile& config);

Plan MakePlan(std::string_view interface, const ConfigFile& config, const HostFacts& facts);

// What a person would type to do it, one command a line, with comments.
std::string CommandsOf(const Plan& plan, std::string_view interface);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_H_
