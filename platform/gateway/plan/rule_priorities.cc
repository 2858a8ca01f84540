#include "platform/gateway/plan/rule_priorities.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace ringwire::platform {
namespace {

// The groups, by their first turn; within a group the turns of one slot stand together.
constexpr std::array<uint32_t, 4> kGroups = {0, 1, 6, kRuleTurns};
static_assert(kGroups[1] == static_cast<uint32_t>(RuleTurn::kSourcesOwn));
static_assert(kGroups[2] == static_cast<uint32_t>(RuleTurn::kEverythingOwn));
static_assert(kRuleTurns == static_cast<uint32_t>(RuleTurn::kEverythingEnd) + 1);

uint32_t SlotsBelow(uint32_t ceiling) {
  return std::clamp((ceiling - 1) / kRuleTurns, uint32_t{1}, kRuleSlotsMax);
}

}  // namespace

uint32_t PriorityAt(const RulePlace& place, RuleTurn turn) {
  const uint32_t slots = SlotsBelow(place.ceiling);
  const auto index = static_cast<uint32_t>(turn);
  const auto* const end = std::ranges::upper_bound(kGroups, index);
  const uint32_t group = *(end - 1);
  const uint32_t turns = *end - group;
  // From the ceiling down: the later groups, then the slots up to this one.
  const uint32_t below = (kRuleTurns - *end) * slots + (place.slot % slots + 1) * turns;
  return place.ceiling - below + (index - group);
}

bool IsAt(const RulePlace& place, uint32_t priority) {
  for (uint32_t turn = 0; turn < kRuleTurns; ++turn) {
    if (PriorityAt(place, static_cast<RuleTurn>(turn)) == priority) return true;
  }
  return false;
}

uint32_t PriorityBefore(const RulePlace& place) {
  const uint32_t slots = SlotsBelow(place.ceiling);
  const uint32_t needed = kRuleTurns * slots + 1 + place.slot % slots;
  return place.ceiling > needed ? place.ceiling - needed : 0;
}

std::vector<Reservation> ServersAmong(const std::vector<Reservation>& others) {
  std::vector<Reservation> servers;
  std::ranges::copy_if(others, std::back_inserter(servers), [](const Reservation& other) {
    return other.is_server && other.udp_port != 0;
  });
  return servers;
}

RulePlace ChooseRulePlace(std::span<const uint32_t> rules, std::span<const RulePlace> others) {
  RulePlace chosen{kMainRulePriority, 0};
  for (const uint32_t priority : rules) {
    // One without room before it stays where it is.
    if (priority <= kRuleTurns || priority >= chosen.ceiling) continue;
    const bool is_known = std::ranges::any_of(
        others, [priority](const RulePlace& other) { return IsAt(other, priority); });
    if (!is_known) chosen.ceiling = priority;
  }
  std::array<bool, kRuleSlotsMax> taken{};
  const uint32_t slots = SlotsBelow(chosen.ceiling);
  for (const RulePlace& other : others) {
    if (other.ceiling == chosen.ceiling) taken[other.slot % slots] = true;
  }
  const auto begin = taken.begin();
  const auto end = begin + slots;
  const auto last = std::find(std::reverse_iterator(end), std::reverse_iterator(begin), true);
  // Behind the greatest one; where that is the last, any that is free.
  auto slot = last.base();
  if (slot == end) slot = std::find(begin, end, false);
  chosen.slot = slot == end ? slots - 1 : static_cast<uint32_t>(slot - begin);
  return chosen;
}

}  // namespace ringwire::platform
