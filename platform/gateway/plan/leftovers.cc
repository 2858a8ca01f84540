#include "platform/gateway/plan/leftovers.h"

#include <algorithm>
#include <optional>
#include <set>

#include "core/config/gateway_config.h"
#include "platform/gateway/plan/packet_marks.h"

namespace ringwire::platform {
namespace {

constexpr uint32_t Between(RuleTurn from, RuleTurn to) {
  return static_cast<uint32_t>(to) - static_cast<uint32_t>(from);
}

// The rules of a group, as seen from the one that takes traffic: the other turns of RuleTurn stand
// at fixed distances.
constexpr uint32_t kOwnBefore = Between(RuleTurn::kEverythingOwn, RuleTurn::kEverything);
constexpr uint32_t kLocalBefore = Between(RuleTurn::kLocalNetworks, RuleTurn::kEverything);
constexpr uint32_t kRefusedBehind = Between(RuleTurn::kEverything, RuleTurn::kEverythingRefused);
constexpr uint32_t kSourcesEndBehind = Between(RuleTurn::kSources, RuleTurn::kSourcesEnd);
constexpr uint32_t kEverythingEndBehind = Between(RuleTurn::kEverything, RuleTurn::kEverythingEnd);
static_assert(kOwnBefore == Between(RuleTurn::kSourcesOwn, RuleTurn::kSources));
static_assert(kLocalBefore == Between(RuleTurn::kSourcesLocal, RuleTurn::kSources));

bool TakesTraffic(const Rule& rule) {
  const bool everything = rule.unless_mark.has_value() && !rule.source.has_value();
  const bool sources = rule.source.has_value() && !rule.unless_mark.has_value();
  return rule.table != 0 && (everything || sources) && !rule.destination.has_value() &&
         rule.priority > kOwnBefore && rule.priority < kMainRulePriority;
}

bool IsGroupEnd(const Rule& rule) {
  return rule == Rule{.family = rule.family, .priority = rule.priority};
}

bool IsLocalRule(const Rule& rule) {
  return rule.table == kMainTable && rule.destination.has_value() &&
         rule.suppress_prefix_length.has_value() &&
         *rule.suppress_prefix_length + 1 == rule.destination->length;
}

bool IsInGroupOf(const Rule& taker, const Rule& rule) {
  if (rule.family != taker.family) return false;
  const uint32_t at = taker.priority;
  const uint32_t end = at + (taker.source.has_value() ? kSourcesEndBehind : kEverythingEndBehind);
  if (rule.priority == end) return IsGroupEnd(rule);
  if (rule.priority == at + kRefusedBehind)
    return rule.refuses && rule.unless_mark == taker.unless_mark;
  if (rule.priority == at - kLocalBefore) return IsLocalRule(rule);
  return rule.priority == at - kOwnBefore && rule.go_to == end;
}

bool HasTable(const std::set<uint32_t>& tables, const Rule& rule) {
  return rule.table != 0 && tables.contains(rule.table);
}

// Where all of these rules have their turn; those behind the main table's are placed otherwise.
std::optional<RulePlace> PlaceOf(std::span<const Rule> rules,
                                 std::span<const uint32_t> priorities) {
  std::set<uint32_t> ceilings = {kMainRulePriority};
  for (const uint32_t priority : priorities) {
    if (std::ranges::find(rules, priority, &Rule::priority) == rules.end() &&
        priority > kRuleTurns && priority < kMainRulePriority) {
      ceilings.insert(priority);
    }
  }
  for (const uint32_t ceiling : ceilings) {
    for (uint32_t slot = 0; slot < kRuleSlotsMax; ++slot) {
      const RulePlace place{ceiling, slot};
      const bool explains = std::ranges::all_of(rules, [&place](const Rule& rule) {
        return rule.priority > kMainRulePriority || IsAt(place, rule.priority);
      });
      if (explains) return place;
    }
  }
  return std::nullopt;
}

// The mark of the tunnel's own datagrams, which its rules leave out.
uint32_t MarkOf(std::span<const Rule> rules, const std::set<uint32_t>& tables) {
  uint32_t mark = 0;
  for (const Rule& rule : rules) {
    if (rule.unless_mark.has_value() && TakesTraffic(rule)) return *rule.unless_mark;
    if (!rule.if_mark.has_value()) continue;
    // A rule of ReturnPath has the mark of replies, from which the other follows the same way.
    const uint32_t candidate = rule.go_to.has_value() ? *rule.if_mark : ReplyMark(*rule.if_mark);
    const bool is_own = tables.contains(candidate) || tables.contains(TableOfMark(candidate));
    if (mark == 0 || is_own) mark = candidate;
  }
  return mark;
}

// A rule that looks at the host's own addresses before the others, if it is not the host's only
// one.
void AddLocalFirst(std::span<const Rule> rules, const RulePlace& place, Leftovers* found) {
  for (const Rule& rule : rules) {
    const Rule first{rule.family, PriorityBefore(place), kLocalTable};
    const auto is_other = [&rule](const Rule& other) {
      return other.family == rule.family && other.table == kLocalTable && other != rule;
    };
    if (rule == first && std::ranges::any_of(rules, is_other)) found->rules.push_back(rule);
  }
}

}  // namespace

Leftovers FindLeftovers(std::span<const Route> refusing, std::span<const Rule> rules,
                        std::span<const uint32_t> priorities) {
  std::set<uint32_t> tables;
  for (const Route& route : refusing) {
    const bool has_rule = std::ranges::any_of(
        rules, [&route](const Rule& rule) { return rule.table == route.table; });
    if (has_rule) tables.insert(route.table);
  }
  Leftovers found;
  std::vector<Rule> takers;
  for (const Route& route : refusing) {
    if (tables.contains(route.table)) found.routes.push_back(route);
  }
  for (const Rule& rule : rules) {
    if (!HasTable(tables, rule)) continue;
    found.rules.push_back(rule);
    if (TakesTraffic(rule)) takers.push_back(rule);
  }
  for (const Rule& rule : rules) {
    const auto has_group = [&rule](const Rule& taker) { return IsInGroupOf(taker, rule); };
    if (!HasTable(tables, rule) && std::ranges::any_of(takers, has_group)) {
      found.rules.push_back(rule);
    }
  }
  found.reservation.mark = MarkOf(found.rules, tables);
  found.reservation.place = PlaceOf(found.rules, priorities);
  if (found.rules.empty()) found.reservation.place.reset();
  if (found.reservation.place.has_value()) AddLocalFirst(rules, *found.reservation.place, &found);
  return found;
}

}  // namespace ringwire::platform
