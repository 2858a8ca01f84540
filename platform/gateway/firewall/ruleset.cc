#include "platform/gateway/firewall/ruleset.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "fmt/format.h"
#include "platform/base/json_fields.h"

namespace ringwire::platform {
namespace {

using nlohmann::json;

// A ruleset that needs more than this is not judged at all.
constexpr int kDepthMax = 16;          // as the kernel's own
constexpr size_t kStepsMax = 100'000;  // rules looked at for one kind of packet

bool Drops(const json& verdict) {
  const json* const extension = MemberIn(verdict, "xt");
  return MemberIn(verdict, "drop") != nullptr || MemberIn(verdict, "reject") != nullptr ||
         (extension != nullptr && Text(*extension, "name") == "REJECT");
}

// A verdict of another program (queue) is unknown, and no reason for a warning.
bool Accepts(const json& verdict) {
  const json* const extension = MemberIn(verdict, "xt");
  return MemberIn(verdict, "accept") != nullptr || MemberIn(verdict, "queue") != nullptr ||
         (extension != nullptr && Text(*extension, "name") == "NFQUEUE");
}

bool IsVerdict(const json& expression) {
  for (const char* const verdict : {"jump", "goto", "return", "vmap"}) {
    if (MemberIn(expression, verdict) != nullptr) return true;
  }
  return Drops(expression) || Accepts(expression);
}

// Guesses a connection state that nft does not show: before an accept it means replies, before a
// drop packets of no connection.
Match MatchOfHiddenState(const json& verdict, bool names_us, bool is_answer) {
  if (Drops(verdict)) return {Truth::kFalse};
  if (Accepts(verdict)) return {is_answer || names_us ? Truth::kTrue : Truth::kFalse};
  return {Truth::kUnknown, /*is_all_but=*/false, /*names_us=*/false, /*is_hidden=*/true};
}

}  // namespace

struct Ruleset::Walk {
  const ProbePacket& packet;
  size_t steps = 0;
  int depth = 0;
  bool is_given_up = false;
  bool is_settled = false;  // nothing of them is left
  Match rest = {};          // those that nothing has accepted yet
  bool drops = false;
  bool is_certain = false;  // of the drop
  std::string why = {};

  void NoteDrop(const Match& dropped, std::string reason) {
    const Match all = Both(dropped, rest);
    if (all.truth == Truth::kUnknown && (!all.is_all_but || drops)) return;
    drops = true;
    is_certain = all.truth == Truth::kTrue;
    why = std::move(reason);
  }
};

std::optional<Ruleset> Ruleset::Parse(std::string_view text) {
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const json* const list = MemberIn(document, "nftables");
  if (list == nullptr || !list->is_array()) return std::nullopt;
  Ruleset ruleset;
  ruleset.TakeChains(*list);
  ruleset.TakeRules(*list);
  return ruleset;
}

void Ruleset::TakeChains(const json& list) {
  for (const json& object : list) {
    const json* const found = MemberIn(object, "chain");
    if (found == nullptr || !found->is_object()) continue;
    Chain chain{Text(*found, "family"),
                Text(*found, "table"),
                Text(*found, "name"),
                Text(*found, "hook"),
                Text(*found, "type") == "filter",
                Text(*found, "policy") == "drop",
                {}};
    places_[{chain.family, chain.table, chain.name}] = chains_.size();
    chains_.push_back(std::move(chain));
  }
}

void Ruleset::TakeRules(const json& list) {
  for (const json& object : list) {
    const json* const rule = MemberIn(object, "rule");
    const json* const expressions = rule == nullptr ? nullptr : MemberIn(*rule, "expr");
    if (expressions == nullptr || !expressions->is_array()) continue;
    const auto place =
        places_.find({Text(*rule, "family"), Text(*rule, "table"), Text(*rule, "chain")});
    if (place == places_.end()) continue;
    chains_[place->second].rules.push_back(*expressions);
  }
}

bool Ruleset::HasChain(const std::string& family, const std::string& table,
                       std::string_view beginning) const {
  return std::ranges::any_of(chains_, [&](const Chain& chain) {
    return chain.family == family && chain.table == table && chain.name.starts_with(beginning);
  });
}

const Ruleset::Chain* Ruleset::Find(const std::string& family, const std::string& table,
                                    const std::string& name) const {
  const auto place = places_.find({family, table, name});
  return place == places_.end() ? nullptr : &chains_[place->second];
}

bool Ruleset::IsJudged(const Chain& chain, std::string_view hook, IpFamily family) const {
  if (!chain.is_filter || chain.hook != hook || chain.table.starts_with("ringwire-")) return false;
  if (chain.family == "inet") return true;
  return (chain.family == "ip" && family != IpFamily::kV6) ||
         (chain.family == "ip6" && family != IpFamily::kV4);
}

std::vector<Ruleset::Drop> Ruleset::DropsOf(std::string_view hook,
                                            const ProbePacket& packet) const {
  std::vector<Drop> drops;
  for (const Chain& chain : chains_) {
    if (!IsJudged(chain, hook, packet.family)) continue;
    Walk walk{.packet = packet};
    if (Follow(chain, {}, &walk) && chain.drops) walk.NoteDrop({}, "policy drop");
    if (!walk.drops || walk.is_given_up) continue;
    drops.push_back({chain.family, chain.table, chain.name, std::move(walk.why), walk.is_certain});
  }
  return drops;
}

// `share`: which of the packets come here. False: none of those goes on behind the chain.
bool Ruleset::Follow(const Chain& chain, Match share, Walk* walk) const {
  for (const json& expressions : chain.rules) {
    if (++walk->steps > kStepsMax || walk->depth > kDepthMax) {
      walk->is_given_up = true;
      walk->is_settled = true;
    }
    const Fate fate =
        walk->is_settled ? Fate::kEnded : FollowRule(chain, expressions, &share, walk);
    if (fate == Fate::kReturned) return true;
    if (fate == Fate::kEnded) return false;
  }
  return !walk->is_settled;
}

Ruleset::Fate Ruleset::FollowRule(const Chain& chain, const json& expressions, Match* share,
                                  Walk* walk) const {
  Match match;
  bool asks_hidden_state = false;
  for (const json& expression : expressions) {
    if (IsVerdict(expression)) {
      if (asks_hidden_state) {
        match = Both(match, MatchOfHiddenState(expression, match.names_us, walk->packet.is_answer));
      }
      if (match.truth == Truth::kFalse) return Fate::kOn;
      return FollowVerdict(chain, expression, match, share, walk);
    }
    if (IsHiddenState(expression)) {
      asks_hidden_state = true;
      continue;
    }
    match = Both(match, MatchOf(expression, walk->packet));
    if (match.truth == Truth::kFalse) return Fate::kOn;
  }
  return Fate::kOn;
}

Ruleset::Fate Ruleset::FollowVerdict(const Chain& chain, const json& verdict, const Match& match,
                                     Match* share, Walk* walk) const {
  const Match here = Both(*share, match);
  const bool is_all = match.truth == Truth::kTrue;
  if (Accepts(verdict)) {
    // A rule that accepts some packets of the tunnel was written for it: no warning.
    walk->is_settled = here.truth == Truth::kTrue || here.names_us;
    walk->rest = Both(walk->rest, OthersThan(here));
    return is_all ? Fate::kEnded : Fate::kOn;
  }
  if (Drops(verdict)) {
    walk->NoteDrop(here, fmt::format("a rule of {}", chain.name));
    walk->is_settled = here.truth == Truth::kTrue;
    return is_all ? Fate::kEnded : Fate::kOn;
  }
  if (MemberIn(verdict, "return") != nullptr) {
    // nft shows little of a condition of iptables: assume that our packets return.
    if (is_all || match.is_hidden) return Fate::kReturned;
    *share = Both(*share, OthersThan(match));
    return Fate::kOn;
  }
  if (const json* const map = MemberIn(verdict, "vmap")) {
    return FollowMap(chain, *map, match, share, walk);
  }
  return FollowJump(chain, verdict, match, share, walk);
}

// Each entry is like a rule. The entry `*` comes last, wherever it stands.
Ruleset::Fate Ruleset::FollowMap(const Chain& chain, const json& map, const Match& match,
                                 Match* share, Walk* walk) const {
  const json* const key = MemberIn(map, "key");
  const json* const data = MemberIn(map, "data");
  const json* const entries = data == nullptr ? nullptr : MemberIn(*data, "set");
  if (key == nullptr || entries == nullptr || !entries->is_array()) {
    // Not listed: it may well accept some.
    walk->rest = Both(walk->rest, OthersThan({Truth::kUnknown, /*is_all_but=*/false}));
    return Fate::kOn;
  }
  for (const bool for_others : {false, true}) {
    for (const json& entry : *entries) {
      if (!entry.is_array() || entry.size() != 2 || (entry[0] == "*") != for_others) continue;
      const Match chosen = Both(match, MatchOfKey(*key, entry[0], walk->packet));
      if (chosen.truth == Truth::kFalse) continue;
      const Fate fate = FollowVerdict(chain, entry[1], chosen, share, walk);
      if (chosen.truth == Truth::kTrue || walk->is_settled) return fate;
    }
  }
  return Fate::kOn;
}

Ruleset::Fate Ruleset::FollowJump(const Chain& chain, const json& verdict, const Match& match,
                                  Match* share, Walk* walk) const {
  const bool is_goto = MemberIn(verdict, "goto") != nullptr;
  const json* const jump = MemberIn(verdict, is_goto ? "goto" : "jump");
  const Chain* const target =
      jump == nullptr ? nullptr : Find(chain.family, chain.table, Text(*jump, "target"));
  if (target == nullptr) return Fate::kOn;
  ++walk->depth;
  const bool comes_back = Follow(*target, Both(*share, match), walk);
  --walk->depth;
  if (match.truth == Truth::kTrue) {
    if (!comes_back) return Fate::kEnded;
    // A goto returns to the caller of this chain.
    return is_goto ? Fate::kReturned : Fate::kOn;
  }
  if (is_goto) *share = Both(*share, OthersThan(match));
  return Fate::kOn;
}

}  // namespace ringwire::platform
