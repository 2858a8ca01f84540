#ifndef RINGWIRE_PLATFORM_GATEWAY_FIREWALL_FOREIGN_FIREWALL_H_
#define RINGWIRE_PLATFORM_GATEWAY_FIREWALL_FOREIGN_FIREWALL_H_

#include <string>
#include <string_view>
#include <vector>

#include "core/config/config_file.h"
#include "core/wire/address.h"

// Warns of firewalls of other programs that drop the tunnel's packets. A rule of ours cannot help:
// a packet has to pass every table.
namespace ringwire::platform {

// The chain FORWARD of iptables-legacy, which nftables does not show.
struct LegacyForward {
  IpFamily family = IpFamily::kNone;
  bool drops = false;  // its policy
  // Interfaces whose packets a rule accepts; NAME+ stands for all names that begin with NAME.
  std::vector<std::string> accepted;
  friend bool operator==(const LegacyForward&, const LegacyForward&) = default;
};

struct FirewallFacts {
  std::string ruleset;  // of nftables as `nft -j` lists it; empty: none, or it cannot be seen
  std::vector<LegacyForward> legacy;
};

// Whether packets of the tunnel are forwarded in this network namespace, where these firewalls are.
bool ForwardsHere(const ConfigFile& config);

// A warning for each chain that drops packets which the configuration needs, or may drop them: with
// table and chain, the program that seems to have made them, and the command that lets the packets
// through. "May" means that it depends on something unknown, such as the outgoing interface. Pure.
std::vector<std::string> FirewallWarnings(std::string_view interface, const ConfigFile& config,
                                          const FirewallFacts& facts);

// Reads only, and leaves out what it may not see. Empty if the configuration neither forwards nor
// listens on a port of its own.
FirewallFacts ReadFirewallFacts(const ConfigFile& config);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_FIREWALL_FOREIGN_FIREWALL_H_
