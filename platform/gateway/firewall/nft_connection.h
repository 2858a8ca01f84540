#ifndef RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_CONNECTION_H_
#define RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_CONNECTION_H_

#include <cstdint>

#include "core/config/gateway_config.h"
#include "core/wire/address.h"
#include "platform/gateway/firewall/nft_table.h"

// What rules of port forwarding say of a packet and of the connection that it belongs to. Pure.
namespace ringwire::platform {

NftExpression OfFamily(IpFamily family);
NftExpression OfProtocol(PortForward::Protocol protocol);
NftExpression SourceIsIn(const Prefix& prefix);
NftExpression DestinationIsNotIn(const Prefix& prefix);
NftExpression DestinationIsLocal();  // one of this host's own addresses
NftExpression DestinationPortIn(PortForward::Protocol protocol, const PortRange& ports);

NftExpression BeginsConnection();
NftExpression IsAnswer();   // from whoever did not begin the connection
NftExpression IsRequest();  // the other direction
// Its destination was rewritten; OriginalPortIn asks for the one before, after OfProtocol.
NftExpression WasForwarded();
NftExpression OriginalPortIn(const PortRange& ports);
NftExpression ConnectionMarkIs(uint32_t mark);
NftExpression MarkConnection(uint32_t mark);
NftExpression SetMark(uint32_t mark);  // of the packet

// Remembers whose datagram this is, or forgets it, and tells a datagram from or to who is
// remembered; for sets of the address's family.
NftExpression Remember(const NftSet& set);
NftExpression Forget(const NftSet& set);
NftExpression IsFromRemembered(const NftSet& set);
NftExpression IsToRemembered(const NftSet& set);
// Sent by a socket that is neither bound to an address nor connected.
NftExpression IsOfUnboundSocket();
NftExpression SetSource(const IpAddress& address);  // of this packet, not of its connection

// Rewrites the destination, of the connection and so of all its packets.
NftExpression ForwardTo(const PortForward& forward);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_CONNECTION_H_
