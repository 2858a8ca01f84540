#ifndef RINGWIRE_PLATFORM_GATEWAY_FIREWALL_LEGACY_IPTABLES_H_
#define RINGWIRE_PLATFORM_GATEWAY_FIREWALL_LEGACY_IPTABLES_H_

#include <optional>

#include "platform/gateway/firewall/foreign_firewall.h"

namespace ringwire::platform {

// Reads the chain FORWARD of this network namespace. nullopt: iptables-legacy has no table `filter`
// there, or this process may not read it. Loads no kernel module.
std::optional<LegacyForward> ReadLegacyForward(IpFamily family);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_FIREWALL_LEGACY_IPTABLES_H_
