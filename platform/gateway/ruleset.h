#ifndef RINGWIRE_PLATFORM_GATEWAY_RULESET_H_
#define RINGWIRE_PLATFORM_GATEWAY_RULESET_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/wire/address.h"
#include "nlohmann/json.hpp"

// The nftables rules of this host, those of iptables-nft among them, and what they make of a
// packet. Pure: from what libnftables lists as JSON.
namespace ringwire::platform {

// As much of a packet as is known. A rule about anything else may match or not.
struct ProbePacket {
  std::string arrives;  // interfaces; empty: unknown
  std::string leaves;
  std::string not_by;                // an interface on which it does not arrive
  bool is_answer = false;            // of a connection that was let through; else a new one
  std::vector<Prefix> sources;       // any of them; empty: unknown
  std::vector<Prefix> destinations;  // likewise
  uint16_t udp_port = 0;             // its destination; 0: any packet
  // Whether a rule that accepts and may match is taken to.
  bool hopeful = false;
};

class Ruleset {
 public:
  // nullopt: not what libnftables lists.
  static std::optional<Ruleset> Parse(std::string_view json);

  // A chain that drops a packet for certain.
  struct Drop {
    std::string family;
    std::string table;
    std::string chain;  // the one with the hook
    std::string why;    // "policy drop", or the chain with the rule
  };
  // Of the chains of `hook` and of type filter, in no order; those of our own tables left out.
  std::vector<Drop> DropsOf(std::string_view hook, const ProbePacket& packet) const;

  // Whether that table has a chain whose name begins so.
  bool HasChain(const std::string& family, const std::string& table,
                std::string_view beginning) const;

 private:
  struct Chain {
    std::string family;
    std::string table;
    std::string name;
    std::string hook;  // empty: others jump to it
    bool is_filter = false;
    bool drops = false;                 // its policy
    std::vector<nlohmann::json> rules;  // their expressions
  };
  enum class Fate : uint8_t { kAccepted, kDropped, kReturned, kOn };
  struct Walk;

  const Chain* Find(const Chain& from, const std::string& name) const;
  Fate Follow(const Chain& chain, Walk* walk) const;
  Fate FollowRule(const Chain& chain, const nlohmann::json& expressions, Walk* walk) const;
  Fate FollowVerdict(const Chain& chain, const nlohmann::json& verdict, Walk* walk) const;

  std::vector<Chain> chains_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_RULESET_H_
