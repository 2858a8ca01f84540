#ifndef RINGWIRE_PLATFORM_GATEWAY_NFT_TABLE_H_
#define RINGWIRE_PLATFORM_GATEWAY_NFT_TABLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/wire/address.h"

// One nftables table of the family inet, as data: rendered as the commands that a person types and
// as the JSON that libnftables takes. Pure.
namespace ringwire::platform {

// A match or a verdict in both spellings.
struct NftExpression {
  std::string text;
  std::string json;  // one object
  friend bool operator==(const NftExpression&, const NftExpression&) = default;
};

struct NftRule {
  std::vector<NftExpression> expressions;
  friend bool operator==(const NftRule&, const NftRule&) = default;
};

struct NftChain {
  std::string name;
  std::string type;  // filter, nat, route
  std::string hook;  // prerouting, ...
  int priority = 0;
  std::vector<NftRule> rules;
  friend bool operator==(const NftChain&, const NftChain&) = default;
};

struct NftTable {
  std::string name;
  std::vector<NftChain> chains;
  friend bool operator==(const NftTable&, const NftTable&) = default;
};

NftExpression ArrivesElsewhere(std::string_view interface);  // on another interface than this one
NftExpression DestinationIs(const IpAddress& address);
NftExpression SourceIsNotLocal();
NftExpression IsUdp();
NftExpression MarkIs(uint32_t mark);
NftExpression SaveMark();     // the packet's mark becomes its connection's
NftExpression RestoreMark();  // and the other way round
NftExpression Drop();

// The name of an interface's own table. What nft takes in no name is written as / and its code; an
// interface's name has no /.
std::string NftTableName(std::string_view interface);

// One line a command.
std::string NftCommands(const NftTable& table);
// A transaction that puts `table` in the place of whatever has its name.
std::string ReplaceJson(const NftTable& table);
// A transaction that removes the table, also if there is none.
std::string DeleteJson(std::string_view name);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_NFT_TABLE_H_
