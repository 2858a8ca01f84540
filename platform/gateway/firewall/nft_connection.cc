#include "platform/gateway/firewall/nft_connection.h"

#include <string_view>
#include <vector>

namespace ringwire::platform {
namespace {

using Operator = NftMatch::Operator;

std::string_view FamilyName(IpFamily family) { return family == IpFamily::kV4 ? "ip" : "ip6"; }

// A datagram's conversation, seen by the side that gets it: an element of an NftSet.
std::vector<NftField> Sender(IpFamily family) {
  return {NftPayload{FamilyName(family), "saddr"}, NftPayload{"udp", "sport"},
          NftPayload{"udp", "dport"}};
}

// The same, seen by the side that sends it.
std::vector<NftField> Receiver(IpFamily family) {
  return {NftPayload{FamilyName(family), "daddr"}, NftPayload{"udp", "dport"},
          NftPayload{"udp", "sport"}};
}

}  // namespace

NftExpression OfProtocol(PortForward::Protocol protocol) {
  return Compare(NftMeta{"l4proto"}, Operator::kIs, NftWord{ProtocolName(protocol)});
}

NftExpression SourcePortIn(PortForward::Protocol protocol, const PortRange& ports) {
  return Compare(NftPayload{ProtocolName(protocol), "sport"}, Operator::kIs, ports);
}

NftExpression DestinationPortIn(PortForward::Protocol protocol, const PortRange& ports) {
  return Compare(NftPayload{ProtocolName(protocol), "dport"}, Operator::kIs, ports);
}

NftExpression BeginsConnection() {
  return Compare(NftConnection{"state"}, Operator::kHas, NftWord{"new"});
}

NftExpression IsAnswer() {
  return Compare(NftConnection{"direction"}, Operator::kIs, NftWord{"reply"});
}

NftExpression IsRequest() {
  return Compare(NftConnection{"direction"}, Operator::kIs, NftWord{"original"});
}

NftExpression HasNoConnection() {
  return Compare(NftConnection{"state"}, Operator::kIs, NftAnyOf{{"invalid", "untracked"}});
}

NftExpression WasForwarded() {
  return Compare(NftConnection{"status"}, Operator::kHas, NftWord{"dnat"});
}

NftExpression OriginalPortIn(const PortRange& ports) {
  return Compare(NftConnection{"proto-dst", "original"}, Operator::kIs, ports);
}

NftExpression ConnectionMarkIs(uint32_t mark) {
  return Compare(NftConnection{"mark"}, Operator::kIs, NftMark{mark});
}

NftExpression MarkConnection(uint32_t mark) {
  return NftAssignment{NftConnection{"mark"}, NftMark{mark}};
}

NftExpression Remember(const NftSet& set) {
  return NftSetChange{NftSetChange::Operation::kUpdate, set.name, Sender(set.family)};
}

NftExpression Forget(const NftSet& set) {
  return NftSetChange{NftSetChange::Operation::kDelete, set.name, Sender(set.family)};
}

NftExpression IsFromRemembered(const NftSet& set) {
  return NftMatch{Sender(set.family), Operator::kIs, NftMembers{set.name}};
}

NftExpression IsFromUnremembered(const NftSet& set) {
  return NftMatch{Sender(set.family), Operator::kIsNot, NftMembers{set.name}};
}

NftExpression IsToRemembered(const NftSet& set) {
  return NftMatch{Receiver(set.family), Operator::kIs, NftMembers{set.name}};
}

NftExpression ForwardTo(const PortForward& forward) { return NftForward{forward}; }

}  // namespace ringwire::platform
