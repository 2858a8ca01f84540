#include "platform/gateway/plan/plan_forward.h"

#include <algorithm>
#include <string_view>

#include "fmt/format.h"
#include "platform/gateway/firewall/nft_connection.h"
#include "platform/gateway/firewall/nft_packet.h"
#include "platform/gateway/plan/plan_masquerade.h"

namespace ringwire::platform {
namespace {

constexpr std::string_view kForwardV4 = "net/ipv4/ip_forward";
constexpr std::string_view kForwardV6 = "net/ipv6/conf/all/forwarding";
constexpr std::string_view kAcceptRedirects = "net/ipv4/conf/all/accept_redirects";

// NAME of net/FAMILY/conf/NAME/KEY; empty: another path, or not of one interface.
std::string_view InterfaceOf(std::string_view path, std::string_view family, std::string_view key) {
  const std::string before = fmt::format("net/{}/conf/", family);
  const std::string after = fmt::format("/{}", key);
  if (!path.starts_with(before) || !path.ends_with(after)) return {};
  path.remove_prefix(before.size());
  path.remove_suffix(after.size());
  return path == "all" ? std::string_view() : path;
}

bool Is(const HostFacts& facts, std::string_view path, std::string_view value) {
  const auto now = facts.sysctls.find(path);
  return now != facts.sysctls.end() && now->second == value;
}

// Whether turning on what is behind `path` changes this host, or would without our other
// interfaces.
bool IsToTurnOn(const PlanBuilder& builder, std::string_view path) {
  return Is(builder.facts(), path, "0");
}

// A setting that goes along when the kernel turns forwarding on or off: `with_on` and `with_off`.
// Where it was otherwise without forwarding, it is to be so again.
void KeepCompanion(std::string_view path, std::string_view with_on, std::string_view with_off,
                   PlanBuilder* builder) {
  if (!Is(builder->facts(), path, with_on)) return;
  const std::string on(with_on);
  builder->Add(action::SetSysctl{std::string(path), on, std::nullopt},
               action::SetSysctl{std::string(path), on, std::string(with_off)});
}

// The kernel sets the switch of every single interface along with the one for all of them.
void KeepSingleSwitches(std::string_view family, PlanBuilder* builder) {
  for (const auto& [path, value] : builder->facts().sysctls) {
    if (!InterfaceOf(path, family, "forwarding").empty()) {
      KeepCompanion(path, "1", "0", builder);
    }
  }
}

// A router takes no router advertisements, and drops what it has learned from them, unless it is
// told to: what has lived by them still does.
void KeepRouterAdvertisements(PlanBuilder* builder) {
  for (const auto& [path, value] : builder->facts().sysctls) {
    const std::string_view interface = InterfaceOf(path, "ipv6", "accept_ra");
    if (interface.empty() || interface == "default" || interface == "lo" || value != "1") continue;
    if (interface == builder->interface()) continue;
    if (Is(builder->facts(), fmt::format("net/ipv6/conf/{}/forwarding", interface), "1")) continue;
    builder->AddSysctl(path, "2");
  }
}

// A host may forward without taking that for granted of a new interface.
void ForwardByInterface(std::string_view family, std::string_view main, PlanBuilder* builder) {
  const std::string of_new = fmt::format("net/{}/conf/default/forwarding", family);
  if (!Is(builder->facts(), main, "1") || !Is(builder->facts(), of_new, "0")) return;
  const std::string path = fmt::format("net/{}/conf/{}/forwarding", family, builder->interface());
  builder->Add(action::SetSysctl{path, "1", std::nullopt}, action::SetSysctl{path, "0", "1"});
}

// Where the host has no IPv6, as many a container, there is nothing to forward, and perhaps nothing
// can be written.
void TurnOnForwardingOfV6(PlanBuilder* builder) {
  if (!builder->facts().has_ipv6) return;
  ForwardByInterface("ipv6", kForwardV6, builder);
  if (!IsToTurnOn(*builder, kForwardV6)) return;
  // First, so that it comes back last: each switch that is turned on makes the kernel forget.
  KeepRouterAdvertisements(builder);
  KeepSingleSwitches("ipv6", builder);
  builder->AddSysctl(kForwardV6, "1");
}

void TurnOnForwarding(PlanBuilder* builder) {
  ForwardByInterface("ipv4", kForwardV4, builder);
  if (IsToTurnOn(*builder, kForwardV4)) {
    KeepCompanion(kAcceptRedirects, "0", "1", builder);
    KeepSingleSwitches("ipv4", builder);
    builder->AddSysctl(kForwardV4, "1");
  }
  TurnOnForwardingOfV6(builder);
}

std::string OfInterface(const PlanBuilder& builder, std::string_view key) {
  return fmt::format("net/ipv4/conf/{}/{}", builder.interface(), key);
}

// From one peer to another a packet leaves as it has come, which is no detour: without this, each
// would be told of a better way that it does not have.
void SendNoRedirects(PlanBuilder* builder) {
  for (const NftExpression& redirect : {IcmpTypeIs("redirect"), Icmpv6TypeIn({"nd-redirect"})}) {
    builder->AddNftRule(kManglePostrouting, {{Leaves(builder->interface()), redirect, Drop()}});
  }
}

// Since Linux 5.7 a chain behind the routing decision knows where a packet came in. The kernel
// translates only packets of connections: any other one would leave with its address in the tunnel.
void AddMasquerade(const std::string& outside, PlanBuilder* builder) {
  const std::string_view interface = builder->interface();
  const bool any = outside == "auto";
  const NftExpression leaves = any ? LeavesElsewhere(interface) : Leaves(outside);
  builder->AddNftRule(kMangleForward, {{Arrives(interface), leaves, HasNoConnection(), Drop()}});
  PlanMasquerade({Arrives(interface), leaves}, builder);
  if (any) return;
  if (std::ranges::find(builder->facts().interfaces, outside) ==
      builder->facts().interfaces.end()) {
    builder->Warn(fmt::format(
        "Masquerade = {0}: there is no interface {0} yet; nothing is translated before it appears "
        "(`ip link` lists what there is, and auto means whichever leads out)",
        outside));
  }
}

}  // namespace

bool IsForwardSwitch(std::string_view path) { return path == kForwardV4 || path == kForwardV6; }

void AddSysctlsOfForward(std::vector<std::string>* paths) {
  for (const std::string_view path :
       {kForwardV4, kForwardV6, kAcceptRedirects, kReversePathOfAll, kReversePathOfNew,
        std::string_view("net/ipv4/conf/*/forwarding"),
        std::string_view("net/ipv6/conf/*/forwarding"),
        std::string_view("net/ipv6/conf/*/accept_ra")}) {
    paths->emplace_back(path);
  }
}

void LoosenReversePath(PlanBuilder* builder) {
  const HostFacts& facts = builder->facts();
  if (!Is(facts, kReversePathOfAll, "1") && !Is(facts, kReversePathOfNew, "1")) return;
  const std::string path = OfInterface(*builder, "rp_filter");
  builder->Add(action::SetSysctl{path, "2", std::nullopt},
               action::SetSysctl{path, facts.sysctls.find(kReversePathOfNew)->second, "2"});
}

void RevertFollowers(const std::set<std::string>& held,
                     std::map<std::string, std::string, std::less<>>* sysctls) {
  for (auto& [path, value] : *sysctls) {
    if (held.contains(path)) continue;
    if (held.contains(std::string(kForwardV4))) {
      if (path == kAcceptRedirects) value = "1";
      if (!InterfaceOf(path, "ipv4", "forwarding").empty()) value = "0";
    }
    if (held.contains(std::string(kForwardV6)) &&
        !InterfaceOf(path, "ipv6", "forwarding").empty()) {
      value = "0";
    }
  }
}

void PlanForward(PlanBuilder* builder) {
  const GatewayConfig& gateway = builder->config().gateway;
  if (!gateway.forward) return;
  for (const auto& direction : {Arrives(builder->interface()), Leaves(builder->interface())}) {
    builder->AddNftRule(kMangleForward, {{direction, IsTcpSyn(), ClampMss()}});
  }
  if (!gateway.masquerade.empty()) AddMasquerade(gateway.masquerade, builder);
  SendNoRedirects(builder);
  if (builder->config().table.kind != RouteTable::Kind::kAuto || gateway.return_path) {
    LoosenReversePath(builder);
  }
  TurnOnForwarding(builder);
}

}  // namespace ringwire::platform
