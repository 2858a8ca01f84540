#ifndef RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_TABLE_H_
#define RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_TABLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/wire/address.h"
#include "platform/gateway/firewall/nft_expression.h"

// One nftables table as data, and the transactions on it. Each transaction is one list of commands
// in two spellings: as a person types them, one a line, and as JSON for nft. Pure.
namespace ringwire::platform {

enum class NftFamily : uint8_t {
  kInet,
  kBridge,  // frames that a bridge forwards
};

struct NftRule {
  std::vector<NftExpression> expressions;
  friend bool operator==(const NftRule&, const NftRule&) = default;
};

// The hook, and the place there, at which a packet passes a chain.
struct NftHook {
  std::string_view chain;  // its name; of static storage, as are the others
  std::string_view type;   // filter, nat, route
  std::string_view hook;   // prerouting, ...
  int priority = 0;
  friend bool operator==(const NftHook&, const NftHook&) = default;
};

struct NftChain {
  NftHook hook;
  std::vector<NftRule> rules;
  friend bool operator==(const NftChain&, const NftChain&) = default;
};

// Conversations that rules remember by the remote address, its port and ours. The kernel forgets
// one two minutes after its last packet, and keeps at most 65,535.
struct NftSet {
  std::string name;
  IpFamily family = IpFamily::kNone;
  friend bool operator==(const NftSet&, const NftSet&) = default;
};

struct NftTable {
  std::string name;
  std::vector<NftChain> chains;
  std::vector<NftSet> sets;
  NftFamily family = NftFamily::kInet;
  friend bool operator==(const NftTable&, const NftTable&) = default;
};

// The name of an interface's own table. A character that nft forbids in names becomes / and its
// code, because interface names contain no /.
std::string NftTableName(std::string_view interface);

// Replaces any table of that name and family by `table`.
std::string ReplaceCommands(const NftTable& table);
std::string ReplaceJson(const NftTable& table);

// Removes the table, and does not fail if there is none.
std::string DeleteCommands(std::string_view name, NftFamily family = NftFamily::kInet);
std::string DeleteJson(std::string_view name, NftFamily family = NftFamily::kInet);

// What a person types to remove a table that is there.
std::string DeleteExistingCommand(std::string_view name, NftFamily family = NftFamily::kInet);

// Fails if there is none.
std::string ListJson(std::string_view name, NftFamily family = NftFamily::kInet);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_TABLE_H_
