#include "platform/gateway/ruleset.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "fmt/format.h"

namespace ringwire::platform {
namespace {

using nlohmann::json;

// A ruleset that needs more than this is not judged at all.
constexpr int kDepthMax = 16;          // as the kernel's own
constexpr size_t kStepsMax = 100'000;  // rules looked at for one packet

constexpr std::string_view kGoto = "goto";

enum class Truth : uint8_t { kFalse, kUnknown, kTrue };

std::string Text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const json* Member(const json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

Truth Not(Truth truth) {
  if (truth == Truth::kUnknown) return truth;
  return truth == Truth::kTrue ? Truth::kFalse : Truth::kTrue;
}

// Whether a value is the right side, or one of its set, list or flags; `is` compares with one.
template <class Is>
Truth IsAnyOf(const json& right, const Is& is) {
  const json* list = &right;
  if (const json* const set = Member(right, "set")) list = set;
  if (const json* const flags = Member(right, "|")) list = flags;
  if (!list->is_array()) return is(*list);
  Truth best = Truth::kFalse;
  for (const json& one : *list) best = std::max(best, is(one));
  return best;
}

Truth IsName(const json& right, const std::string& name) {
  if (name.empty()) return Truth::kUnknown;
  return IsAnyOf(right, [&name](const json& one) {
    if (!one.is_string()) return Truth::kUnknown;
    std::string_view pattern = one.get_ref<const std::string&>();
    if (pattern.starts_with('@')) return Truth::kUnknown;
    if (pattern == name) return Truth::kTrue;
    const bool begins =
        pattern.ends_with('*') && (pattern.remove_suffix(1), true) && name.starts_with(pattern);
    return begins ? Truth::kTrue : Truth::kFalse;
  });
}

Truth IsState(const json& right, bool is_answer) {
  return IsAnyOf(right, [is_answer](const json& one) {
    return one == (is_answer ? "established" : "new") ? Truth::kTrue : Truth::kFalse;
  });
}

std::optional<Prefix> ReadPrefix(const json& value) {
  if (value.is_string()) return Prefix::Parse(value.get_ref<const std::string&>());
  const json* const prefix = Member(value, "prefix");
  if (prefix == nullptr || !prefix->is_object()) return std::nullopt;
  const json* const length = Member(*prefix, "len");
  if (length == nullptr || !length->is_number_unsigned()) return std::nullopt;
  return Prefix::Parse(fmt::format("{}/{}", Text(*prefix, "addr"), length->get<uint64_t>()));
}

bool Overlap(const Prefix& a, const Prefix& b) {
  return a.address.family == b.address.family &&
         (a.length <= b.length ? a.Contains(b.address) : b.Contains(a.address));
}

// Whether some packet of those comes from there, or goes there.
Truth IsAmong(const json& right, const std::vector<Prefix>& prefixes) {
  if (prefixes.empty()) return Truth::kUnknown;
  return IsAnyOf(right, [&prefixes](const json& one) {
    const std::optional<Prefix> wanted = ReadPrefix(one);
    if (!wanted.has_value()) return Truth::kUnknown;
    return std::ranges::any_of(prefixes,
                               [&wanted](const Prefix& own) { return Overlap(own, *wanted); })
               ? Truth::kTrue
               : Truth::kFalse;
  });
}

Truth IsPort(const json& right, uint16_t port) {
  return IsAnyOf(right, [port](const json& one) {
    if (one.is_number_unsigned()) return one == port ? Truth::kTrue : Truth::kFalse;
    const json* const range = Member(one, "range");
    if (range == nullptr || !range->is_array() || range->size() != 2) return Truth::kUnknown;
    return (*range)[0] <= port && (*range)[1] >= port ? Truth::kTrue : Truth::kFalse;
  });
}

Truth IsProtocol(const json& right, const ProbePacket& packet) {
  return packet.udp_port == 0 ? Truth::kUnknown : IsName(right, "udp");
}

Truth PayloadIs(const json& payload, const json& right, const ProbePacket& packet) {
  const std::string protocol = Text(payload, "protocol");
  const std::string field = Text(payload, "field");
  if (protocol == "ip" || protocol == "ip6") {
    if (field == "saddr") return IsAmong(right, packet.sources);
    if (field == "daddr") return IsAmong(right, packet.destinations);
    if (field == "protocol" || field == "nexthdr") return IsProtocol(right, packet);
    return Truth::kUnknown;
  }
  if (packet.udp_port == 0) return Truth::kUnknown;
  if (protocol != "udp" && protocol != "th") return Truth::kFalse;
  return field == "dport" ? IsPort(right, packet.udp_port) : Truth::kUnknown;
}

Truth Is(const json& left, const json& right, const ProbePacket& packet) {
  if (const json* const meta = Member(left, "meta")) {
    const std::string key = Text(*meta, "key");
    if (key == "iifname" || key == "iif") {
      // Nothing that is worth a look comes from the host itself.
      if (packet.arrives.empty()) {
        return IsAnyOf(right, [&packet](const json& one) {
          return one == "lo" || one == packet.not_by ? Truth::kFalse : Truth::kUnknown;
        });
      }
      return IsName(right, packet.arrives);
    }
    if (key == "oifname" || key == "oif") return IsName(right, packet.leaves);
    if (key == "l4proto") return IsProtocol(right, packet);
  } else if (const json* const connection = Member(left, "ct")) {
    if (Text(*connection, "key") == "state") return IsState(right, packet.is_answer);
  } else if (const json* const payload = Member(left, "payload")) {
    return PayloadIs(*payload, right, packet);
  }
  return Truth::kUnknown;
}

// Of one expression that is no verdict.
Truth Matches(const json& expression, const ProbePacket& packet) {
  if (const json* const match = Member(expression, "match")) {
    const json* const left = Member(*match, "left");
    const json* const right = Member(*match, "right");
    if (left == nullptr || right == nullptr) return Truth::kUnknown;
    const std::string op = Text(*match, "op");
    if (op == "!=") return Not(Is(*left, *right, packet));
    return op == "==" || op == "in" ? Is(*left, *right, packet) : Truth::kUnknown;
  }
  if (const json* const extension = Member(expression, "xt")) {
    // A target only does something; what of the others it takes to match is not shown.
    const bool matches =
        Text(*extension, "type") == "target" || Text(*extension, "name") == "comment";
    return matches ? Truth::kTrue : Truth::kUnknown;
  }
  if (Member(expression, "limit") != nullptr) return Truth::kUnknown;
  return Truth::kTrue;  // it counts, logs, or sets something
}

// How iptables spells `ct state`, of which libnftables shows no more than the name.
bool IsConnectionState(const json& expression) {
  const json* const extension = Member(expression, "xt");
  if (extension == nullptr) return false;
  const std::string name = Text(*extension, "name");
  return name == "conntrack" || name == "state";
}

bool NamesInterface(const json& expression, const ProbePacket& packet) {
  const json* const match = Member(expression, "match");
  const json* const left = match == nullptr ? nullptr : Member(*match, "left");
  const json* const meta = left == nullptr ? nullptr : Member(*left, "meta");
  if (meta == nullptr || Text(*match, "op") == "!=") return false;
  return Matches(expression, packet) == Truth::kTrue && Text(*meta, "key").ends_with("ifname");
}

bool IsVerdict(const json& expression) {
  for (const char* const verdict : {"accept", "drop", "reject", "jump", "goto", "return", "vmap"}) {
    if (Member(expression, verdict) != nullptr) return true;
  }
  const json* const extension = Member(expression, "xt");
  return extension != nullptr && Text(*extension, "name") == "REJECT";
}

}  // namespace

struct Ruleset::Walk {
  const ProbePacket& packet;
  size_t steps = 0;
  int depth = 0;
  bool is_given_up = false;
  std::string why = {};  // of the last drop
};

std::optional<Ruleset> Ruleset::Parse(std::string_view text) {
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const json* const list = Member(document, "nftables");
  if (list == nullptr || !list->is_array()) return std::nullopt;
  Ruleset ruleset;
  for (const json& object : *list) {
    const json* const chain = Member(object, "chain");
    if (chain == nullptr || !chain->is_object()) continue;
    ruleset.chains_.push_back({Text(*chain, "family"),
                               Text(*chain, "table"),
                               Text(*chain, "name"),
                               Text(*chain, "hook"),
                               Text(*chain, "type") == "filter",
                               Text(*chain, "policy") == "drop",
                               {}});
  }
  for (const json& object : *list) {
    const json* const rule = Member(object, "rule");
    const json* const expressions = rule == nullptr ? nullptr : Member(*rule, "expr");
    if (expressions == nullptr || !expressions->is_array()) continue;
    const auto chain = std::ranges::find_if(ruleset.chains_, [rule](const Chain& one) {
      return one.family == Text(*rule, "family") && one.table == Text(*rule, "table") &&
             one.name == Text(*rule, "chain");
    });
    if (chain != ruleset.chains_.end()) chain->rules.push_back(*expressions);
  }
  return ruleset;
}

bool Ruleset::HasChain(const std::string& family, const std::string& table,
                       std::string_view beginning) const {
  return std::ranges::any_of(chains_, [&](const Chain& chain) {
    return chain.family == family && chain.table == table && chain.name.starts_with(beginning);
  });
}

const Ruleset::Chain* Ruleset::Find(const Chain& from, const std::string& name) const {
  const auto found = std::ranges::find_if(chains_, [&](const Chain& chain) {
    return chain.family == from.family && chain.table == from.table && chain.name == name;
  });
  return found == chains_.end() ? nullptr : &*found;
}

std::vector<Ruleset::Drop> Ruleset::DropsOf(std::string_view hook,
                                            const ProbePacket& packet) const {
  std::vector<Drop> drops;
  for (const Chain& chain : chains_) {
    const bool ip = chain.family == "inet" || chain.family == "ip" || chain.family == "ip6";
    if (!ip || !chain.is_filter || chain.hook != hook || chain.table.starts_with("ringwire-")) {
      continue;
    }
    Walk walk{.packet = packet};
    Fate fate = Follow(chain, &walk);
    if (fate == Fate::kOn && chain.drops) {
      fate = Fate::kDropped;
      walk.why = "policy drop";
    }
    if (fate != Fate::kDropped || walk.is_given_up) continue;
    drops.push_back({chain.family, chain.table, chain.name, std::move(walk.why)});
  }
  return drops;
}

Ruleset::Fate Ruleset::Follow(const Chain& chain, Walk* walk) const {
  for (const json& expressions : chain.rules) {
    if (++walk->steps > kStepsMax || walk->depth > kDepthMax) {
      walk->is_given_up = true;
      return Fate::kAccepted;
    }
    const Fate fate = FollowRule(chain, expressions, walk);
    if (fate == Fate::kReturned) return Fate::kOn;
    if (fate != Fate::kOn) return fate;
  }
  return Fate::kOn;
}

Ruleset::Fate Ruleset::FollowRule(const Chain& chain, const json& expressions, Walk* walk) const {
  const ProbePacket& packet = walk->packet;
  Truth truth = Truth::kTrue;
  bool only_state_unknown = true;
  bool names_interface = false;
  // What asks for a state and nothing else is there for answers.
  bool asks_state = false;
  bool asks_more = false;
  for (const json& expression : expressions) {
    if (IsVerdict(expression)) {
      const bool accepts = Member(expression, "accept") != nullptr;
      const bool for_answers = asks_state && !asks_more;
      const bool may = (packet.hopeful && !for_answers) || names_interface ||
                       (only_state_unknown && packet.is_answer);
      if (truth == Truth::kTrue || (accepts && may)) {
        return FollowVerdict(chain, expression, walk);
      }
      // It may go there: what certainly accepts it there is as good as an accepting rule here.
      const Fate fate = FollowVerdict(chain, expression, walk);
      return fate == Fate::kAccepted && may ? fate : Fate::kOn;
    }
    const Truth matches = Matches(expression, packet);
    if (matches == Truth::kFalse) return Fate::kOn;
    const bool is_state = IsConnectionState(expression);
    if (matches == Truth::kUnknown && !is_state) only_state_unknown = false;
    asks_state = asks_state || is_state;
    asks_more = asks_more || (!is_state && Member(expression, "match") != nullptr);
    names_interface = names_interface || NamesInterface(expression, packet);
    truth = std::min(truth, matches);
  }
  return Fate::kOn;
}

Ruleset::Fate Ruleset::FollowVerdict(const Chain& chain, const json& verdict, Walk* walk) const {
  if (Member(verdict, "accept") != nullptr) return Fate::kAccepted;
  if (Member(verdict, "return") != nullptr) return Fate::kReturned;
  if (Member(verdict, "drop") != nullptr || Member(verdict, "reject") != nullptr ||
      Member(verdict, "xt") != nullptr) {
    walk->why = fmt::format("a rule of {}", chain.name);
    return Fate::kDropped;
  }
  if (const json* const map = Member(verdict, "vmap")) {
    const json* const key = Member(*map, "key");
    const json* const data = Member(*map, "data");
    const json* const set = data == nullptr ? nullptr : Member(*data, "set");
    if (key == nullptr || set == nullptr || !set->is_array()) return Fate::kOn;
    for (const json& entry : *set) {
      if (!entry.is_array() || entry.size() != 2) continue;
      if (Is(*key, entry[0], walk->packet) != Truth::kTrue) continue;
      return FollowVerdict(chain, entry[1], walk);
    }
    return Fate::kOn;
  }
  for (const std::string_view kind : {std::string_view("jump"), kGoto}) {
    const json* const jump = Member(verdict, kind.data());
    if (jump == nullptr || !jump->is_object()) continue;
    const Chain* const target = Find(chain, Text(*jump, "target"));
    if (target == nullptr) continue;
    ++walk->depth;
    const Fate fate = Follow(*target, walk);
    --walk->depth;
    // Whoever went there comes back to where this chain was called.
    return fate == Fate::kOn && kind == kGoto ? Fate::kReturned : fate;
  }
  return Fate::kOn;
}

}  // namespace ringwire::platform
