#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_LEFTOVERS_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_LEFTOVERS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "platform/gateway/plan/rule_priorities.h"
#include "platform/netlink/route.h"

// Recognises in the kernel what a killed instance has left, if its journal is lost: a container
// starts again in its network namespace, but with a new /run. Pure.
namespace ringwire::platform {

struct Leftovers {
  std::vector<Route> routes;  // those that refuse everything
  std::vector<Rule> rules;
  Reservation reservation;  // its mark, and the place of its rules, as far as they are clear
  friend bool operator==(const Leftovers&, const Leftovers&) = default;
};

// `refusing`: the routes of tables that only refuse. `rules`: the policy rules that could be ours,
// of both families. `priorities`: those of all rules.
Leftovers FindLeftovers(std::span<const Route> refusing, std::span<const Rule> rules,
                        std::span<const uint32_t> priorities);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_LEFTOVERS_H_
