#include "platform/supervisor/repair_budget.h"

#include <algorithm>

namespace ringwire::platform {

Instant RepairBudget::NextOfMany() const {
  return std::min(repairs_.front() + kWindow, repairs_.back() + kEach);
}

void RepairBudget::Use(Instant now) {
  repairs_.push_back(now);
  if (repairs_.size() > kBurst) repairs_.pop_front();
}

}  // namespace ringwire::platform
