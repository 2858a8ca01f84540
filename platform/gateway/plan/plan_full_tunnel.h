#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_FULL_TUNNEL_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_FULL_TUNNEL_H_

#include <string_view>
#include <vector>

#include "platform/gateway/plan/plan_builder.h"

// All traffic but the tunnel's own datagrams takes the tunnel. Pure.
namespace ringwire::platform {

// Whether an answer to a marked datagram counts as one where the kernel checks the way back.
inline constexpr std::string_view kSourceValidMark = "net/ipv4/conf/all/src_valid_mark";

// Whether AllowedIPs of /0 are to take the whole traffic, by policy rules.
bool IsFullTunnel(const ConfigFile& config);

// Gives received datagrams of the tunnel its mark. Else a reverse-path check of the kernel or of a
// firewall drops them: without the mark, the route to their source leads into the tunnel. A
// datagram is known by the socket that will get it, or by its connection, if another program's
// rules are yet to redirect it to that socket.
void AddMarkFilter(PlanBuilder* builder);
// A packet from elsewhere to an address of the tunnel is forged.
void AddForgeryFilter(PlanBuilder* builder);

// The rule by which a local network is looked up in the main table, where routes that are shorter
// don't count: nobody widens the network by adding one.
Rule LocalRule(const Prefix& network, uint32_t priority);

// `defaults`: prefixes of length 0. What fails closed comes before what carries traffic, and the
// rule that takes traffic comes last.
void PlanFullTunnel(const std::vector<Prefix>& defaults, PlanBuilder* builder);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_FULL_TUNNEL_H_
