#include "platform/gateway/firewall/nft_packet.h"

#include <string>

namespace ringwire::platform {
namespace {

using Operator = NftMatch::Operator;

NftMatch IsInterface(std::string_view key, Operator op, std::string_view name) {
  return Compare(NftMeta{key}, op, NftInterface{std::string(name)});
}

NftPayload AddressField(IpFamily family, std::string_view field) {
  return {family == IpFamily::kV4 ? "ip" : "ip6", field};
}

}  // namespace

NftExpression Arrives(std::string_view interface) {
  return IsInterface("iifname", Operator::kIs, interface);
}

NftExpression ArrivesElsewhere(std::string_view interface) {
  return IsInterface("iifname", Operator::kIsNot, interface);
}

NftExpression Leaves(std::string_view interface) {
  return IsInterface("oifname", Operator::kIs, interface);
}

NftExpression LeavesElsewhere(std::string_view interface) {
  return IsInterface("oifname", Operator::kIsNot, interface);
}

NftExpression DestinationIs(const IpAddress& address) {
  return Compare(AddressField(address.family, "daddr"), Operator::kIs, address);
}

NftExpression DestinationIsLocal() {
  return Compare(NftFib{"daddr", "type"}, Operator::kIs, NftWord{"local"});
}

NftExpression DestinationWithin(const Prefix& prefix) {
  return Compare(AddressField(prefix.address.family, "daddr"), Operator::kIs, prefix);
}

NftExpression DestinationIsNotIn(const Prefix& prefix) {
  return Compare(AddressField(prefix.address.family, "daddr"), Operator::kIsNot, prefix);
}

NftExpression NextHopIsNotIn(const Prefix& prefix) {
  const std::string_view family = prefix.address.family == IpFamily::kV4 ? "ip" : "ip6";
  return Compare(NftRoute{"nexthop", family}, Operator::kIsNot, prefix);
}

NftExpression LeavesByEthernet() {
  return Compare(NftMeta{"oiftype"}, Operator::kIs, NftWord{"ether"});
}

NftExpression SourceIsIn(const Prefix& prefix) {
  return Compare(AddressField(prefix.address.family, "saddr"), Operator::kIs, prefix);
}

NftExpression SourceIsNotLocal() {
  return Compare(NftFib{"saddr", "type"}, Operator::kIsNot, NftWord{"local"});
}

NftExpression SourceIsNotBehind(std::string_view interface) {
  return Compare(NftFib{"saddr", "oifname"}, Operator::kIsNot,
                 NftInterface{std::string(interface)});
}

NftExpression IsFamily(IpFamily family) {
  return Compare(NftMeta{"nfproto"}, Operator::kIs,
                 NftWord{family == IpFamily::kV4 ? "ipv4" : "ipv6"});
}

NftExpression IsUdp() { return Compare(NftMeta{"l4proto"}, Operator::kIs, NftWord{"udp"}); }

NftExpression IsIgmp() { return Compare(NftMeta{"l4proto"}, Operator::kIs, NftWord{"igmp"}); }

NftExpression PortIs(std::string_view protocol, std::string_view field, uint16_t port) {
  return Compare(NftPayload{protocol, field}, Operator::kIs, PortRange{port, port});
}

NftExpression IcmpTypeIs(std::string_view type) {
  return Compare(NftPayload{"icmp", "type"}, Operator::kIs, NftWord{type});
}

NftExpression Icmpv6TypeIn(std::initializer_list<std::string_view> types) {
  return Compare(NftPayload{"icmpv6", "type"}, Operator::kIs, NftAnyOf{types});
}

NftExpression MarkIs(uint32_t mark) {
  return Compare(NftMeta{"mark"}, Operator::kIs, NftMark{mark});
}

NftExpression MarkIsNot(uint32_t mark) {
  return Compare(NftMeta{"mark"}, Operator::kIsNot, NftMark{mark});
}

NftExpression SetMark(uint32_t mark) { return NftAssignment{NftMeta{"mark"}, NftMark{mark}}; }

NftExpression IsTcpSyn() {
  return Compare(NftPayload{"tcp", "flags"}, Operator::kHas, NftWord{"syn"});
}

NftExpression IsNotTcp() { return Compare(NftMeta{"l4proto"}, Operator::kIsNot, NftWord{"tcp"}); }

// Behind 8 bytes of UDP: flags, 24 bits, the id, 8 bits (RFC 7348, section 5).
NftExpression IsOfVxlan(uint32_t id) {
  return Compare(NftBits{96, 24}, Operator::kIs, NftNumber{id});
}

NftExpression IsLonger(uint32_t length) {
  return Compare(NftMeta{"length"}, Operator::kIsGreater, NftNumber{length});
}

NftExpression CarriesFamily(IpFamily family) {
  return Compare(NftMeta{"protocol"}, Operator::kIs,
                 NftWord{family == IpFamily::kV4 ? "ip" : "ip6"});
}

NftExpression ClampMssTo(uint32_t size) {
  return NftAssignment{NftTcpOption{"maxseg", "size"}, NftNumber{size}};
}

NftExpression Count() { return NftCounter{}; }

NftExpression IsOfUnboundSocket() {
  return Compare(NftSocket{"wildcard"}, Operator::kIs, NftNumber{1});
}

NftExpression IsFromSocketOf(uint32_t uid) {
  return Compare(NftMeta{"skuid"}, Operator::kIs, NftNumber{uid});
}

NftExpression IsForSocketMarked(uint32_t mark) {
  return Compare(NftSocket{"mark"}, Operator::kIs, NftMark{mark});
}

NftExpression SetSource(const IpAddress& address) {
  return NftAssignment{AddressField(address.family, "saddr"), address};
}

NftExpression ClampMss() {
  return NftAssignment{NftTcpOption{"maxseg", "size"}, NftField(NftRoute{"mtu"})};
}

NftExpression Masquerade() { return NftMasquerade{}; }
NftExpression MasqueradeFrom(const PortRange& ports) { return NftMasquerade{ports}; }
NftExpression Drop() { return NftVerdict::kDrop; }
NftExpression Accept() { return NftVerdict::kAccept; }
NftExpression Refuse() { return NftVerdict::kRefuse; }

}  // namespace ringwire::platform
