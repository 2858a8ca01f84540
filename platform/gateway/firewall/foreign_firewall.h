#ifndef RINGWIRE_PLATFORM_GATEWAY_FIREWALL_FOREIGN_FIREWALL_H_
#define RINGWIRE_PLATFORM_GATEWAY_FIREWALL_FOREIGN_FIREWALL_H_

#include <string>
#include <string_view>
#include <vector>

#include "core/config/config_file.h"
#include "core/wire/address.h"

// Firewalls of other programs that stand in the tunnel's way. An accept in a table of ours would
// not help: a packet has to pass all of them.
namespace ringwire::platform {

// The chain FORWARD of iptables-legacy, which nftables does not show.
struct LegacyForward {
  IpFamily family = IpFamily::kNone;
  bool drops = false;  // whatever no rule accepts
  std::vector<std::string>
      accepted;  // interfaces whose packets a rule accepts; NAME+: that begin so
  friend bool operator==(const LegacyForward&, const LegacyForward&) = default;
};

struct FirewallFacts {
  std::string ruleset;  // of nftables as `nft -j` lists it; empty: none, or it cannot be seen
  std::vector<LegacyForward> legacy;
};

// Whether packets of the tunnel are forwarded where these firewalls are: not those of an interface
// that has a network namespace of its own.
bool ForwardsHere(const ConfigFile& config);

// Where packets that the configuration wants to pass are dropped, or may be as it depends on what
// is not known of them: by which table and chain, which program's they are by their looks, and the
// command that lets them through. Pure.
std::vector<std::string> FirewallWarnings(std::string_view interface, const ConfigFile& config,
                                          const FirewallFacts& facts);

// Reads only; what it may not see is left out. Nothing where the configuration asks for nothing
// that could be dropped.
FirewallFacts ReadFirewallFacts(const ConfigFile& config);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_FIREWALL_FOREIGN_FIREWALL_H_
