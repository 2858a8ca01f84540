#ifndef RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_TABLE_CHECK_H_
#define RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_TABLE_CHECK_H_

#include <string_view>

#include "platform/gateway/firewall/nft_table.h"

namespace ringwire::platform {

// Whether nft's answer to ListJson() has all chains and sets of `table`, as many rules in each
// chain and nothing that switches it off. It does not compare expressions: the kernel's way to list
// them differs from what nft was told. Pure.
bool IsTableWhole(std::string_view listing, const NftTable& table);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_TABLE_CHECK_H_
