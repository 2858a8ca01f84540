#ifndef RINGWIRE_PLATFORM_SUPERVISOR_REPAIR_BUDGET_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_REPAIR_BUDGET_H_

#include <cstddef>
#include <deque>

#include "absl/time/time.h"
#include "core/base/instant.h"

namespace ringwire::platform {

// How often a tunnel restores what another program removes again and again: after kBurst times
// within kWindow only every kEach. Two programs then do not fight at full speed. Pure.
class RepairBudget {
 public:
  static constexpr size_t kBurst = 10;
  static constexpr absl::Duration kWindow = absl::Minutes(1);
  static constexpr absl::Duration kEach = absl::Seconds(10);

  // When the next repair may be made, at the earliest.
  Instant next() const { return repairs_.size() < kBurst ? Instant() : NextOfMany(); }
  void Use(Instant now);

 private:
  Instant NextOfMany() const;

  std::deque<Instant> repairs_;  // the latest kBurst ones
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_REPAIR_BUDGET_H_
