#ifndef RINGWIRE_PLATFORM_GATEWAY_FIREWALL_RULESET_H_
#define RINGWIRE_PLATFORM_GATEWAY_FIREWALL_RULESET_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "nlohmann/json.hpp"
#include "platform/gateway/firewall/rule_match.h"

// Follows packets through the nftables rules of this host, which include those of iptables-nft.
// Pure: it reads the JSON that nft lists.
namespace ringwire::platform {

class Ruleset {
 public:
  // nullopt: not what nft lists.
  static std::optional<Ruleset> Parse(std::string_view json);

  // A chain that drops packets, or may.
  struct Drop {
    std::string family;
    std::string table;
    std::string chain;  // the one with the hook
    std::string why;    // "policy drop", or the chain with the rule
    // All of them, but for what is only a special kind, as echo requests. Else it depends on where
    // they come from or go to, or on what cannot be seen.
    bool is_certain = false;
  };
  // Of the chains of `hook` (forward, input) and of type filter, in no order; those of our own
  // tables left out. What drops a few that are named, a list of bad addresses for instance, is not
  // meant; what drops all but a few is.
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
  // What becomes of the packets that a rule is about.
  enum class Fate : uint8_t { kOn, kReturned, kEnded };
  struct Walk;

  void TakeChains(const nlohmann::json& list);
  void TakeRules(const nlohmann::json& list);
  bool IsJudged(const Chain& chain, std::string_view hook, IpFamily family) const;
  // nullptr: there is none.
  const Chain* Find(const std::string& family, const std::string& table,
                    const std::string& name) const;
  bool Follow(const Chain& chain, Match share, Walk* walk) const;
  Fate FollowRule(const Chain& chain, const nlohmann::json& expressions, Match* share,
                  Walk* walk) const;
  Fate FollowVerdict(const Chain& chain, const nlohmann::json& verdict, const Match& match,
                     Match* share, Walk* walk) const;
  Fate FollowMap(const Chain& chain, const nlohmann::json& map, const Match& match, Match* share,
                 Walk* walk) const;
  Fate FollowJump(const Chain& chain, const nlohmann::json& verdict, const Match& match,
                  Match* share, Walk* walk) const;

  std::vector<Chain> chains_;
  // By family, table and name: a host of many services has thousands.
  std::map<std::tuple<std::string, std::string, std::string>, size_t> places_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_FIREWALL_RULESET_H_
