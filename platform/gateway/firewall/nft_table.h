#ifndef RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_TABLE_H_
#define RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_TABLE_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "core/wire/address.h"

// One nftables table of the family inet, as data: rendered as the commands that a person types and
// as the JSON that nft takes. Pure.
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

// Where a chain stands in a packet's way.
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

// Conversations that rules remember by the remote address, its port and ours. In two minutes
// without a packet one is forgotten, and no more than a fixed number is kept.
struct NftSet {
  std::string name;
  IpFamily family = IpFamily::kNone;
  friend bool operator==(const NftSet&, const NftSet&) = default;
};

struct NftTable {
  std::string name;
  std::vector<NftChain> chains;
  std::vector<NftSet> sets;
  friend bool operator==(const NftTable&, const NftTable&) = default;
};

NftExpression Arrives(std::string_view interface);
NftExpression ArrivesElsewhere(std::string_view interface);  // on another interface than this one
NftExpression Leaves(std::string_view interface);
NftExpression LeavesElsewhere(std::string_view interface);
NftExpression DestinationIs(const IpAddress& address);
NftExpression SourceIsNotLocal();
NftExpression IsUdp();
NftExpression IsIgmp();
NftExpression IsFamily(IpFamily family);
NftExpression DestinationWithin(const Prefix& prefix);
// A UDP or TCP port; `protocol` and `field` as nft calls them: "udp", "dport".
NftExpression PortIs(std::string_view protocol, std::string_view field, uint16_t port);
// ICMPv6 of one of these types, as nft calls them.
NftExpression IcmpTypeIs(std::string_view type);
NftExpression Icmpv6TypeIn(std::initializer_list<std::string_view> types);
NftExpression MarkIs(uint32_t mark);
NftExpression SaveMark();     // the packet's mark becomes its connection's
NftExpression RestoreMark();  // and the other way round
NftExpression IsTcpSyn();
NftExpression ClampMss();    // to what fits the routes of both directions, and never up
NftExpression Masquerade();  // the address of the interface by which the packet leaves
NftExpression Drop();
NftExpression Accept();
NftExpression Refuse();  // with an ICMP error: administratively prohibited

// The name of an interface's own table. What nft takes in no name is written as / and its code; an
// interface's name has no /.
std::string NftTableName(std::string_view interface);

// One line a command.
std::string NftCommands(const NftTable& table);
// A transaction that puts `table` in the place of whatever has its name.
std::string ReplaceJson(const NftTable& table);
// A transaction that removes the table, also if there is none.
std::string DeleteJson(std::string_view name);
// Fails if there is none.
std::string ListJson(std::string_view name);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_TABLE_H_
