#ifndef RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_CONNECTION_H_
#define RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_CONNECTION_H_

#include <cstdint>

#include "core/config/gateway_config.h"
#include "core/wire/address.h"
#include "platform/gateway/firewall/nft_expression.h"
#include "platform/gateway/firewall/nft_table.h"

// What rules ask of the connection that a packet belongs to, and change about it. Pure.
namespace ringwire::platform {

NftExpression OfProtocol(PortForward::Protocol protocol);
NftExpression SourcePortIn(PortForward::Protocol protocol, const PortRange& ports);
NftExpression DestinationPortIn(PortForward::Protocol protocol, const PortRange& ports);

NftExpression BeginsConnection();
NftExpression IsAnswer();   // from the side that did not begin the connection
NftExpression IsRequest();  // the other direction
// It belongs to no connection: rules about connections and translations of addresses pass it by.
NftExpression HasNoConnection();
// Its destination was rewritten; OriginalPortIn asks for the one before, after OfProtocol.
NftExpression WasForwarded();
NftExpression OriginalPortIn(const PortRange& ports);
NftExpression ConnectionMarkIs(uint32_t mark);
NftExpression MarkConnection(uint32_t mark);

// Remember and Forget change the set of conversations; the others test a datagram's sender, or its
// receiver, against it. The datagram is of the set's family.
NftExpression Remember(const NftSet& set);
NftExpression Forget(const NftSet& set);
NftExpression IsFromRemembered(const NftSet& set);
NftExpression IsFromUnremembered(const NftSet& set);  // a datagram from anybody else
NftExpression IsToRemembered(const NftSet& set);

// Rewrites the destination, of the connection and so of all its packets.
NftExpression ForwardTo(const PortForward& forward);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_CONNECTION_H_
