#ifndef RINGWIRE_PLATFORM_GATEWAY_FIREWALL_RULE_MATCH_H_
#define RINGWIRE_PLATFORM_GATEWAY_FIREWALL_RULE_MATCH_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/wire/address.h"
#include "nlohmann/json.hpp"

// Which packets the condition of an nftables rule is about, as libnftables lists it in JSON. Pure.
namespace ringwire::platform {

// Packets of one kind, as much of them as is known. What is unknown differs from one of them to the
// next.
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
  // Where it is unknown: it names the ones that it is not about, as `oifname != "eth0"`. Whoever
  // writes so means everybody else, whoever names some means these.
  bool is_all_but = true;
  // It names the tunnel's interface, its addresses or its port.
  bool names_us = false;
  // It is unknown because libnftables does not show what it is about.
  bool is_hidden = false;
};

Match Both(const Match& a, const Match& b);
// The packets that an unknown `match` is not about.
Match OthersThan(const Match& match);

// Of one expression of a rule that is no verdict.
Match MatchOf(const nlohmann::json& expression, const ProbePacket& packet);
// Of a verdict map's entry.
Match MatchOfKey(const nlohmann::json& key, const nlohmann::json& value, const ProbePacket& packet);

// How iptables spells `ct state`: libnftables shows no more than the name.
bool IsHiddenState(const nlohmann::json& expression);

// nullptr: no object, or it has no such member.
const nlohmann::json* Member(const nlohmann::json& object, const char* key);
// Empty likewise, also if it is no text.
std::string Text(const nlohmann::json& object, const char* key);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_FIREWALL_RULE_MATCH_H_
