#include "core/control/load_judge.h"

#include "core/base/limits.h"

namespace ringwire {

void LoadJudge::Handled(Instant now, bool is_authentic) {
  ++handled_;
  if (is_authentic) ++authentic_;
  if (handled_ >= kWindow) {
    if (2 * authentic_ < handled_) flood_until_ = now + absl::Minutes(1);
    handled_ = authentic_ = 0;
  }
  shared_->initiations_before_load.store(
      now < flood_until_ ? kInitiationsInFlood : kInitiationsInStorm, std::memory_order_relaxed);
}

}  // namespace ringwire
