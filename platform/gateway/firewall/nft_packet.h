#ifndef RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_PACKET_H_
#define RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_PACKET_H_

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "core/wire/address.h"
#include "platform/gateway/firewall/nft_expression.h"

// What rules ask of a packet, and what becomes of it. Pure.
namespace ringwire::platform {

NftExpression Arrives(std::string_view interface);
NftExpression ArrivesElsewhere(std::string_view interface);  // on another interface than this one
NftExpression Leaves(std::string_view interface);
NftExpression LeavesElsewhere(std::string_view interface);
NftExpression DestinationIs(const IpAddress& address);
NftExpression DestinationIsLocal();  // one of this host's own addresses
NftExpression DestinationWithin(const Prefix& prefix);
NftExpression DestinationIsNotIn(const Prefix& prefix);
// The neighbour that gets the packet next is not in this network: a gateway, or the destination.
NftExpression NextHopIsNotIn(const Prefix& prefix);
NftExpression LeavesByEthernet();  // or a kind of interface that is like one
NftExpression SourceIsIn(const Prefix& prefix);
NftExpression SourceIsNotLocal();
// The route to its source, by no mark, does not lead through this interface, or there is none.
NftExpression SourceIsNotBehind(std::string_view interface);
NftExpression IsFamily(IpFamily family);
NftExpression IsUdp();
NftExpression IsIgmp();
// A UDP or TCP port; `protocol` and `field` as nft calls them: "udp", "dport".
NftExpression PortIs(std::string_view protocol, std::string_view field, uint16_t port);
// ICMPv6 of one of these types, as nft calls them.
NftExpression IcmpTypeIs(std::string_view type);
NftExpression Icmpv6TypeIn(std::initializer_list<std::string_view> types);
NftExpression MarkIs(uint32_t mark);
NftExpression MarkIsNot(uint32_t mark);
NftExpression SetMark(uint32_t mark);
NftExpression IsTcpSyn();
NftExpression IsNotTcp();
NftExpression IsOfVxlan(uint32_t id);     // of a UDP packet: it carries a frame of this segment
NftExpression IsLonger(uint32_t length);  // bytes, from the IP header on
NftExpression CarriesFamily(IpFamily family);  // of a frame
// Sent by a socket that is neither bound to an address nor connected.
NftExpression IsOfUnboundSocket();
// Sent by a socket that this user made.
NftExpression IsFromSocketOf(uint32_t uid);
// A socket of this host with this mark will get it.
NftExpression IsForSocketMarked(uint32_t mark);

NftExpression SetSource(const IpAddress& address);  // of this packet, not of its connection
NftExpression ClampMss();  // to what fits the routes of both directions, and never up
NftExpression ClampMssTo(uint32_t size);  // bytes; never up
NftExpression Count();
NftExpression Masquerade();  // the address of the interface by which the packet leaves
NftExpression MasqueradeFrom(const PortRange& ports);  // and one of these ports
NftExpression Drop();
NftExpression Accept();
NftExpression Refuse();  // with an ICMP error: administratively prohibited

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_PACKET_H_
