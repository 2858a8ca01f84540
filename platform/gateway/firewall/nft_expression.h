#ifndef RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_EXPRESSION_H_
#define RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_EXPRESSION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/config/gateway_config.h"
#include "core/wire/address.h"
#include "nlohmann/json_fwd.hpp"

// One expression of an nft rule, as data. What a dry run prints and what nft is told are two
// spellings of it. Names (std::string_view) are words of nft's language, of static storage. Pure.
namespace ringwire::platform {

// What a packet, its connection or its socket has.
struct NftMeta {
  std::string_view key;
  friend bool operator==(const NftMeta&, const NftMeta&) = default;
};
struct NftConnection {
  std::string_view key;
  std::string_view direction = {};  // empty: the packet's own
  friend bool operator==(const NftConnection&, const NftConnection&) = default;
};
struct NftPayload {
  std::string_view protocol;
  std::string_view field;
  friend bool operator==(const NftPayload&, const NftPayload&) = default;
};
// Bits of the transport header and what follows it, in the network's order.
struct NftBits {
  uint32_t first = 0;
  uint32_t count = 0;
  friend bool operator==(const NftBits&, const NftBits&) = default;
};
// What the routing tables say of an address of the packet.
struct NftFib {
  std::string_view address;
  std::string_view result;
  friend bool operator==(const NftFib&, const NftFib&) = default;
};
struct NftSocket {
  std::string_view key;
  friend bool operator==(const NftSocket&, const NftSocket&) = default;
};
struct NftTcpOption {
  std::string_view name;
  std::string_view field;
  friend bool operator==(const NftTcpOption&, const NftTcpOption&) = default;
};
// Of the route that the packet takes.
struct NftRoute {
  std::string_view key;
  std::string_view family = {};  // of an address; empty: the key has none
  friend bool operator==(const NftRoute&, const NftRoute&) = default;
};
using NftField = std::variant<NftMeta, NftConnection, NftPayload, NftBits, NftFib, NftSocket,
                              NftTcpOption, NftRoute>;

// What a field is compared with, or set to.
struct NftWord {
  std::string_view word;
  friend bool operator==(const NftWord&, const NftWord&) = default;
};
struct NftAnyOf {
  std::vector<std::string_view> words;
  friend bool operator==(const NftAnyOf&, const NftAnyOf&) = default;
};
struct NftInterface {
  std::string name;  // exactly this one, also where it ends with *
  friend bool operator==(const NftInterface&, const NftInterface&) = default;
};
struct NftNumber {
  uint32_t number = 0;
  friend bool operator==(const NftNumber&, const NftNumber&) = default;
};
struct NftMark {
  uint32_t mark = 0;
  friend bool operator==(const NftMark&, const NftMark&) = default;
};
struct NftMembers {
  std::string set;  // what is in it now
  friend bool operator==(const NftMembers&, const NftMembers&) = default;
};
using NftValue = std::variant<NftWord, NftAnyOf, NftInterface, NftNumber, NftMark, NftMembers,
                              IpAddress, Prefix, PortRange, NftField>;

struct NftMatch {
  enum class Operator : uint8_t {
    kIs,
    kIsNot,
    kHas,  // of a field of flags: this one is set
    kIsGreater,
  };
  std::vector<NftField> left;  // several: side by side, as in the elements of a set
  Operator op = Operator::kIs;
  NftValue right;
  friend bool operator==(const NftMatch&, const NftMatch&) = default;
};

// Of one field.
NftMatch Compare(NftField left, NftMatch::Operator op, NftValue right);

struct NftAssignment {
  NftField field;
  NftValue value;
  friend bool operator==(const NftAssignment&, const NftAssignment&) = default;
};

struct NftSetChange {
  enum class Operation : uint8_t { kUpdate, kDelete };
  Operation operation = Operation::kUpdate;
  std::string set;
  std::vector<NftField> element;
  friend bool operator==(const NftSetChange&, const NftSetChange&) = default;
};

// Counts packets and bytes of its own.
struct NftCounter {
  friend bool operator==(const NftCounter&, const NftCounter&) = default;
};

enum class NftVerdict : uint8_t {
  kAccept,
  kDrop,
  kRefuse,  // with an ICMP error: administratively prohibited
};

// The source becomes the address of the interface by which the packet leaves.
struct NftMasquerade {
  std::optional<PortRange> ports;  // and a port of these; nothing: the kernel chooses
  friend bool operator==(const NftMasquerade&, const NftMasquerade&) = default;
};

// Rewrites the destination, of the connection and so of all its packets.
struct NftForward {
  PortForward forward;
  friend bool operator==(const NftForward&, const NftForward&) = default;
};

using NftExpression = std::variant<NftMatch, NftAssignment, NftSetChange, NftCounter, NftVerdict,
                                   NftMasquerade, NftForward>;

// As a person types it.
std::string NftText(const NftExpression& expression);
// As libnftables-json(5) has it: one object.
nlohmann::json NftJson(const NftExpression& expression);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_EXPRESSION_H_
