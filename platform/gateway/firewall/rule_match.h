#ifndef RINGWIRE_PLATFORM_GATEWAY_FIREWALL_RULE_MATCH_H_
#define RINGWIRE_PLATFORM_GATEWAY_FIREWALL_RULE_MATCH_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/wire/address.h"
#include "nlohmann/json.hpp"

// Decides which packets match the condition of an nftables rule, from the JSON that nft lists.
// Pure.
namespace ringwire::platform {

// What is known of some packets of the tunnel. Whatever is unknown differs among them.
struct ProbePacket {
  IpFamily family = IpFamily::kNone;  // none: unknown
  std::string ours;        // the tunnel's interface: a rule that names it was made for the tunnel
  std::string arrives;     // interfaces; empty: unknown, but neither the loopback nor `ours`
  std::string leaves;      // empty: unknown, but not the loopback
  bool to_host = false;    // to an address of this host
  bool is_answer = false;  // of a connection that was let through; else it begins one
  bool is_translated = false;        // its destination was
  std::vector<Prefix> sources;       // any of them; empty: unknown
  std::vector<Prefix> destinations;  // likewise
  std::string_view protocol;         // "udp", "tcp"; empty: any
  uint16_t port = 0;                 // its destination, where the protocol is known
};

enum class Truth : uint8_t { kFalse, kUnknown, kTrue };

// What a condition makes of the packets.
struct Match {
  Truth truth = Truth::kTrue;
  // If `truth` is unknown: the condition names packets that it does not match, as in
  // `oifname != "eth0"`. Its author means all others, so ours, too. An author who names the packets
  // that match means only those.
  bool is_all_but = true;
  // It names the tunnel's interface, its addresses or its port.
  bool names_us = false;
  // It is unknown because nft does not show what it tests.
  bool is_hidden = false;
};

Match Both(const Match& a, const Match& b);
// The packets that do not match where `match` is unknown.
Match OthersThan(const Match& match);

// Of one expression of a rule; not of a verdict.
Match MatchOf(const nlohmann::json& expression, const ProbePacket& packet);
// Of a verdict map's entry.
Match MatchOfKey(const nlohmann::json& key, const nlohmann::json& value, const ProbePacket& packet);

// Whether it is `ct state` as iptables spells it: nft shows only the extension's name.
bool IsHiddenState(const nlohmann::json& expression);

// Empty: `object` is no object, or has no such string.
std::string Text(const nlohmann::json& object, const char* key);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_FIREWALL_RULE_MATCH_H_
