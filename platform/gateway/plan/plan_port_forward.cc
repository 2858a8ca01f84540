#include "platform/gateway/plan/plan_port_forward.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "platform/gateway/firewall/nft_connection.h"
#include "platform/gateway/firewall/nft_packet.h"
#include "platform/gateway/plan/plan_masquerade.h"

namespace ringwire::platform {
namespace {

// Connections to any address of this host but those in the tunnel, which stay its own.
std::vector<NftExpression> ToPublicPorts(const PlanBuilder& builder, const PortForward& forward) {
  std::vector<NftExpression> match = {IsFamily(forward.target.family), DestinationIsLocal()};
  for (const InterfaceAddress& own : builder.config().addresses) {
    if (own.address.family != forward.target.family) continue;
    match.push_back(DestinationIsNotIn(Prefix::Of(own.address, own.address.Bits())));
  }
  match.push_back(DestinationPortIn(forward.protocol, forward.ports));
  return match;
}

void AddDestinationNat(const PortForward& forward, PlanBuilder* builder) {
  NftRule rule{ToPublicPorts(*builder, forward)};
  rule.expressions.push_back(ForwardTo(forward));
  builder->AddNftRule(kDestinationNat, rule);
  // Of programs on this host, which mean themselves by an address of the loopback.
  const char* const loopback = forward.target.family == IpFamily::kV4 ? "127.0.0.0/8" : "::1/128";
  if (const std::optional<Prefix> own = Prefix::Parse(loopback)) {
    rule.expressions.insert(rule.expressions.begin() + 1, DestinationIsNotIn(*own));
  }
  builder->AddNftRule(kDestinationNatOutput, std::move(rule));
}

std::vector<NftExpression> Forwarded(const PortForward& forward) {
  return {WasForwarded(), IsRequest(), DestinationIs(forward.target), OfProtocol(forward.protocol),
          OriginalPortIn(forward.ports)};
}

// The smallest network behind a peer that has the target; its hosts may reach each other directly.
std::optional<Prefix> NetworkOf(const IpAddress& target, const ConfigFile& config) {
  std::optional<Prefix> network;
  for (const PeerConfig& peer : config.peers) {
    for (const Prefix& prefix : RemainingPrefixes(peer.allowed_ips)) {
      if (!prefix.Contains(target)) continue;
      if (!network.has_value() || prefix.length > network->length) network = prefix;
    }
  }
  return network;
}

// A client of the target's own network that comes back from here would get its answers directly,
// from an address that it has not asked.
void AddDetour(const IpAddress& target, PlanBuilder* builder) {
  const std::optional<Prefix> network = NetworkOf(target, builder->config());
  if (!network.has_value()) return;
  PlanMasquerade({Arrives(builder->interface()), Leaves(builder->interface()), WasForwarded(),
                  SourceIsIn(*network), DestinationIs(target)},
                 builder);
}

void AddSourceNat(const PortForward& forward, PlanBuilder* builder) {
  std::vector<NftExpression> match = {Leaves(builder->interface())};
  for (NftExpression& expression : Forwarded(forward)) match.push_back(std::move(expression));
  if (forward.protocol == PortForward::Protocol::kUdp) return PlanMasquerade(match, builder);
  match.push_back(Masquerade());
  builder->AddNftRule(kSourceNat, {std::move(match)});
}

bool Clash(const PortForward& one, const PortForward& other) {
  return one.protocol == other.protocol && one.target.family == other.target.family &&
         one.ports.Overlaps(other.ports);
}

// A few of them, and how many there are beside.
std::string NamesOf(const std::vector<PortForward>& forwards) {
  constexpr size_t kNamed = 3;
  std::string text;
  for (size_t i = 0; i < std::min(forwards.size(), kNamed); ++i) {
    text += fmt::format("{}{}/{}", i == 0 ? "" : ", ", ProtocolName(forwards[i].protocol),
                        forwards[i].ports.ToString());
  }
  if (forwards.size() > kNamed) text += fmt::format(" and {} more", forwards.size() - kNamed);
  return text;
}

}  // namespace

std::vector<std::string> WarningsOfTakenPorts(const ConfigFile& config,
                                              const std::vector<Reservation>& others) {
  std::vector<std::string> warnings;
  if (!config.gateway.network_namespace.empty()) return warnings;  // whose ports are its own
  for (const Reservation& other : others) {
    std::vector<PortForward> taken;
    std::ranges::copy_if(config.gateway.port_forwards, std::back_inserter(taken),
                         [&other](const PortForward& forward) {
                           return std::ranges::any_of(
                               other.port_forwards,
                               [&forward](const PortForward& one) { return Clash(one, forward); });
                         });
    if (taken.empty()) continue;
    warnings.push_back(fmt::format(
        "PortForward {0}: the interface {1} forwards that as well, and what arrives there goes to "
        "only one of the two (choose another port, or take the line out of the other file and "
        "`ringwire reload {1}`)",
        NamesOf(taken), other.interface));
  }
  return warnings;
}

void PlanPortForward(PlanBuilder* builder) {
  if (builder->config().gateway.network_namespace.empty()) {
    builder->TakePorts(builder->config().gateway.port_forwards);
  }
  for (std::string& warning : WarningsOfTakenPorts(builder->config(), builder->facts().others)) {
    builder->Warn(std::move(warning));
  }
  std::set<IpAddress> targets;
  DatagramForwards datagrams;
  for (const PortForward& forward : builder->config().gateway.port_forwards) {
    if (forward.target.family == IpFamily::kV6 && !builder->facts().has_ipv6) {
      builder->Warn(fmt::format("this host has no IPv6: the PortForward to {} is left out",
                                forward.target.ToString()));
      continue;
    }
    AddDestinationNat(forward, builder);
    if (forward.masquerade) AddSourceNat(forward, builder);
    if (targets.insert(forward.target).second) AddDetour(forward.target, builder);
    // What is meant for the tunnel takes no other way while the tunnel is not there.
    NftRule stray{{LeavesElsewhere(builder->interface())}};
    for (NftExpression& expression : Forwarded(forward)) {
      stray.expressions.push_back(std::move(expression));
    }
    stray.expressions.push_back(Drop());
    builder->AddNftRule(kManglePostrouting, std::move(stray));
    if (forward.protocol == PortForward::Protocol::kUdp) datagrams.forwards.push_back(forward);
  }
  if (datagrams.forwards.empty()) return;
  for (const InterfaceAddress& own : builder->config().addresses) {
    datagrams.own.push_back(own.address);
  }
  builder->AddBehindNftTable(action::ForgetUnforwarded{datagrams},
                             action::ForgetForwarded{datagrams});
}

}  // namespace ringwire::platform
