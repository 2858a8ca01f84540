#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_MASQUERADE_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_MASQUERADE_H_

#include <string>
#include <vector>

#include "platform/gateway/plan/plan_builder.h"

// Masquerading beside a port of this host's own. A peer that sends from the number of our
// ListenPort would keep that number, and conntrack would give it the replies: everything that its
// destination sends to our port, handshakes included. Pure.
namespace ringwire::platform {

// What PlanMasquerade wants to know, for SysctlsOf.
void AddSysctlsOfMasquerade(std::vector<std::string>* paths);

// Source ports, and those that take their place: as the kernel does it, from the same of the ranges
// 1-511, 512-1023 and 1024-65535.
struct SourcePorts {
  PortRange from;
  PortRange to;
  friend bool operator==(const SourcePorts&, const SourcePorts&) = default;
};
// For the ranges that have a part of `own`, which is nobody's. Each port keeps its number if it
// can. A range without any other port is left to the kernel.
std::vector<SourcePorts> PortsBeside(const PortRange& own);

// Masquerades packets that match, and never as datagrams from the port of the tunnel's sockets:
// ListenPort, or any that the kernel may choose for them.
void PlanMasquerade(const std::vector<NftExpression>& match, PlanBuilder* builder);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_MASQUERADE_H_
