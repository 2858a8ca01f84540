#include "platform/gateway/firewall/rule_match.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "fmt/format.h"
#include "platform/base/json_fields.h"

namespace ringwire::platform {
namespace {

using nlohmann::json;

// How the packets' value compares with the one that a rule names. Of several values, the greatest
// result counts.
enum class Fit : uint8_t {
  kForeign,  // the packets have no such field: the condition is false, also if negated
  kNo,
  kFew,      // only special packets, such as ICMP or one port, have it
  kVague,    // unknown, and no guess is possible
  kUnknown,  // the packets may have it or not
  kYes,
};

struct Comparison {
  Fit fit = Fit::kVague;
  bool names_us = false;
};

// A value of a set or map, without its timeout or counter.
const json& ValueOf(const json& element) {
  const json* const wrapped = MemberIn(element, "elem");
  const json* const value = wrapped == nullptr ? nullptr : MemberIn(*wrapped, "val");
  return value == nullptr ? element : *value;
}

// Compares with one value, or with each of a set, a list or flags.
template <class Compare>
Comparison WithAnyOf(const json& right, const Compare& compare) {
  const json* list = &right;
  if (const json* const set = MemberIn(right, "set")) list = set;
  if (const json* const flags = MemberIn(right, "|")) list = flags;
  if (!list->is_array()) return compare(ValueOf(*list));
  Comparison best{Fit::kNo};
  for (const json& one : *list) {
    const Comparison found = compare(ValueOf(one));
    best.fit = std::max(best.fit, found.fit);
    best.names_us = best.names_us || found.names_us;
  }
  return best;
}

// A set with a name, whose elements are not listed.
bool IsNamedSet(const json& value) {
  return value.is_string() && value.get_ref<const std::string&>().starts_with('@');
}

Comparison WithName(const json& right, std::string_view name, std::string_view ours) {
  return WithAnyOf(right, [name, ours](const json& one) -> Comparison {
    // Of interfaces, it may well have the tunnel's.
    if (IsNamedSet(one)) return {Fit::kUnknown, !ours.empty()};
    if (!one.is_string()) return {Fit::kVague};
    std::string_view pattern = one.get_ref<const std::string&>();
    if (pattern == name) return {Fit::kYes, name == ours};
    if (!pattern.ends_with('*')) return {Fit::kNo};
    pattern.remove_suffix(1);
    return {name.starts_with(pattern) ? Fit::kYes : Fit::kNo};
  });
}

// `not_ours`: the interface is certainly not the tunnel's.
Comparison WithInterface(const json& right, const std::string& name, bool not_ours,
                         const ProbePacket& packet) {
  if (!name.empty()) return WithName(right, name, packet.ours);
  return WithAnyOf(right, [not_ours, &packet](const json& one) -> Comparison {
    if (one == "lo" || (not_ours && one == packet.ours)) return {Fit::kNo};
    return {Fit::kUnknown};
  });
}

Comparison WithState(const json& right, std::string_view state) {
  return WithAnyOf(right, [state](const json& one) -> Comparison {
    return {one == state ? Fit::kYes : Fit::kNo};
  });
}

std::optional<Prefix> ReadPrefix(const json& value) {
  if (value.is_string()) return Prefix::Parse(value.get_ref<const std::string&>());
  const json* const prefix = MemberIn(value, "prefix");
  if (prefix == nullptr || !prefix->is_object()) return std::nullopt;
  const json* const length = MemberIn(*prefix, "len");
  if (length == nullptr || !length->is_number_unsigned()) return std::nullopt;
  return Prefix::Parse(fmt::format("{}/{}", Text(*prefix, "addr"), length->get<uint64_t>()));
}

// With one network that a rule names: all of `own`, or some of them.
Comparison WithNetwork(const json& named, std::span<const Prefix> own) {
  const std::optional<Prefix> network = ReadPrefix(named);
  if (!network.has_value()) return {Fit::kUnknown};  // a range, or a set with a name
  if (std::ranges::all_of(own, [&](const Prefix& one) { return one.IsWithin(*network); })) {
    return {Fit::kYes};
  }
  Comparison found{Fit::kNo};
  for (const Prefix& one : own) {
    if (!one.IsWithin(*network) && !network->IsWithin(one)) continue;
    found.fit = Fit::kUnknown;
    // With AllowedIPs of /0, a rule about a part of the internet does not mean the tunnel.
    found.names_us = found.names_us || one.length > 0;
  }
  return found;
}

Comparison WithNetworks(const json& right, const std::vector<Prefix>& own) {
  return WithAnyOf(right, [&own](const json& one) -> Comparison {
    if (own.empty()) return {Fit::kUnknown};
    return WithNetwork(one, own);
  });
}

Comparison WithPort(const json& right, uint16_t port) {
  return WithAnyOf(right, [port](const json& one) -> Comparison {
    if (one.is_number_unsigned()) return {one == port ? Fit::kYes : Fit::kNo, one == port};
    const json* const range = MemberIn(one, "range");
    // A set with a name: assume that it has the port.
    if (range == nullptr || !range->is_array() || range->size() != 2) return {Fit::kUnknown, true};
    const bool within = (*range)[0] <= port && (*range)[1] >= port;
    return {within ? Fit::kYes : Fit::kNo, within};
  });
}

Comparison WithProtocol(const json& right, const ProbePacket& packet) {
  if (!packet.protocol.empty()) return WithName(right, packet.protocol, {});
  return WithAnyOf(right, [](const json& one) -> Comparison {
    return {one == "tcp" || one == "udp" || IsNamedSet(one) ? Fit::kUnknown : Fit::kFew};
  });
}

Comparison PayloadWith(const json& payload, const json& right, const ProbePacket& packet) {
  const std::string protocol = Text(payload, "protocol");
  const std::string field = Text(payload, "field");
  if (protocol == "ip" || protocol == "ip6") {
    const IpFamily family = protocol == "ip" ? IpFamily::kV4 : IpFamily::kV6;
    if (packet.family != IpFamily::kNone && packet.family != family) return {Fit::kForeign};
    if (field == "saddr") return WithNetworks(right, packet.sources);
    if (field == "daddr") return WithNetworks(right, packet.destinations);
    if (field == "protocol" || field == "nexthdr") return WithProtocol(right, packet);
    return {Fit::kVague};
  }
  if (protocol == "ether" || protocol == "vlan") return {Fit::kVague};
  const bool has_ports = protocol == "tcp" || protocol == "udp" || protocol == "th";
  if (!has_ports) return {Fit::kForeign};  // an error message, a tunnel of another kind
  const bool is_port = field == "dport" || field == "sport";
  if (packet.protocol.empty()) return {is_port ? Fit::kFew : Fit::kVague};
  if (protocol != "th" && protocol != packet.protocol) return {Fit::kForeign};
  if (field == "dport") return WithPort(right, packet.port);
  return {is_port ? Fit::kFew : Fit::kVague};
}

Comparison MetaWith(const json& meta, const json& right, const ProbePacket& packet) {
  const std::string key = Text(meta, "key");
  if (key == "iifname" || key == "iif") return WithInterface(right, packet.arrives, true, packet);
  if (key == "oifname" || key == "oif") return WithInterface(right, packet.leaves, false, packet);
  if (key == "l4proto") return WithProtocol(right, packet);
  if (key == "pkttype") return WithName(right, "host", {});
  if (packet.family == IpFamily::kNone) {
    return {key == "nfproto" || key == "protocol" ? Fit::kUnknown : Fit::kVague};
  }
  const bool is_v4 = packet.family == IpFamily::kV4;
  if (key == "nfproto") return WithName(right, is_v4 ? "ipv4" : "ipv6", {});
  if (key == "protocol") return WithName(right, is_v4 ? "ip" : "ip6", {});
  return {Fit::kVague};
}

Comparison ConnectionWith(const json& connection, const json& right, const ProbePacket& packet) {
  const std::string key = Text(connection, "key");
  if (key == "state") return WithState(right, packet.is_answer ? "established" : "new");
  if (key == "direction") return WithState(right, packet.is_answer ? "reply" : "original");
  if (key == "status" && packet.is_translated) return WithState(right, "dnat");
  if (key == "status") {
    return WithAnyOf(right, [](const json& one) -> Comparison {
      return {one == "dnat" || one == "snat" ? Fit::kFew : Fit::kVague};
    });
  }
  return {Fit::kVague};
}

Comparison With(const json& left, const json& right, const ProbePacket& packet) {
  if (const json* const meta = MemberIn(left, "meta")) return MetaWith(*meta, right, packet);
  if (const json* const one = MemberIn(left, "ct")) return ConnectionWith(*one, right, packet);
  if (const json* const one = MemberIn(left, "payload")) return PayloadWith(*one, right, packet);
  return {Fit::kVague};
}

Match When(const Comparison& found) {
  switch (found.fit) {
    case Fit::kForeign:
    case Fit::kNo:
    case Fit::kFew:
      return {Truth::kFalse};
    case Fit::kVague:
    case Fit::kUnknown:
      return {Truth::kUnknown, /*is_all_but=*/false, found.names_us};
    case Fit::kYes:
      return {Truth::kTrue, true, found.names_us};
  }
  return {};
}

Match Unless(const Comparison& found) {
  switch (found.fit) {
    case Fit::kForeign:
    case Fit::kYes:
      return {Truth::kFalse};
    case Fit::kVague:
      return {Truth::kUnknown, /*is_all_but=*/false};
    case Fit::kFew:
    case Fit::kUnknown:
      return {Truth::kUnknown, /*is_all_but=*/true};
    case Fit::kNo:
      return {Truth::kTrue};
  }
  return {};
}

// nft does not show the parameters of an extension of iptables.
Match MatchOfExtension(const json& extension, const ProbePacket& packet) {
  const std::string name = Text(extension, "name");
  if (Text(extension, "type") == "target" || name == "comment")
    return {};  // it only does something
  constexpr std::array<std::string_view, 2> kOfPorts = {"udp", "multiport"};
  constexpr std::array<std::string_view, 6> kOfOthers = {"tcp",  "icmp", "icmp6",
                                                         "sctp", "dccp", "esp"};
  const bool of_ports = std::ranges::find(kOfPorts, name) != kOfPorts.end();
  const bool of_others = std::ranges::find(kOfOthers, name) != kOfOthers.end();
  if (packet.protocol == "udp" && of_ports) {
    // Like a set with a name.
    return {Truth::kUnknown, /*is_all_but=*/false, /*names_us=*/true, /*is_hidden=*/true};
  }
  if (of_others && packet.protocol != name) return {Truth::kFalse};
  if (of_ports && packet.protocol.empty()) return {Truth::kFalse};
  return {Truth::kUnknown, /*is_all_but=*/false, /*names_us=*/false, /*is_hidden=*/true};
}

}  // namespace

std::string Text(const json& object, const char* key) { return TextIn(object, key).value_or(""); }

Match Both(const Match& a, const Match& b) {
  const auto all_but = [](const Match& one) {
    return one.truth != Truth::kUnknown || one.is_all_but;
  };
  return {std::min(a.truth, b.truth), all_but(a) && all_but(b), a.names_us || b.names_us,
          a.is_hidden || b.is_hidden};
}

Match OthersThan(const Match& match) { return {Truth::kUnknown, !match.is_all_but}; }

Match MatchOf(const json& expression, const ProbePacket& packet) {
  if (const json* const match = MemberIn(expression, "match")) {
    const json* const left = MemberIn(*match, "left");
    const json* const right = MemberIn(*match, "right");
    const std::string op = Text(*match, "op");
    if (left != nullptr && right != nullptr) {
      if (op == "!=") return Unless(With(*left, *right, packet));
      if (op == "==" || op == "in") return When(With(*left, *right, packet));
    }
    return {Truth::kUnknown, /*is_all_but=*/false};
  }
  if (const json* const extension = MemberIn(expression, "xt")) {
    return MatchOfExtension(*extension, packet);
  }
  for (const char* const rate : {"limit", "quota", "ct count", "meter"}) {
    if (MemberIn(expression, rate) != nullptr) return {Truth::kUnknown, /*is_all_but=*/false};
  }
  return {};  // it counts, logs, or sets something
}

Match MatchOfKey(const json& key, const json& value, const ProbePacket& packet) {
  if (value == "*") return {};  // whatever no other entry names; those come first
  return When(With(key, ValueOf(value), packet));
}

bool IsHiddenState(const json& expression) {
  const json* const extension = MemberIn(expression, "xt");
  if (extension == nullptr) return false;
  const std::string name = Text(*extension, "name");
  return name == "conntrack" || name == "state";
}

}  // namespace ringwire::platform
