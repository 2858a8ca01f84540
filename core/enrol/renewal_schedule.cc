#include "core/enrol/renewal_schedule.h"

#include <algorithm>

namespace ringwire::enrol {
namespace {

constexpr absl::Duration kRekeyEvery = absl::Hours(24);
constexpr absl::Duration kRetryMax = absl::Seconds(60);
constexpr uint32_t kDoublingsMax = 6;  // 64 s are beyond kRetryMax
constexpr uint32_t kDoubtDoublingsMax = 5;
// Neither a short lease nor a peer that does not answer is a reason to ask more often than this.
constexpr absl::Duration kRenewAfter = absl::Seconds(10);
// Renewals are spread by this part of half a lease, earlier or later.
constexpr double kSpread = 0.1;

}  // namespace

RenewalSchedule::RenewalSchedule(Instant now, const Terms& terms, bool can_log_in, double random)
    : can_log_in_(can_log_in), rekey_at_(now + kRekeyEvery) {
  Start(now, terms, random);
}

// A renewal of the session's last lease would change nothing. Halfway through what is left of it,
// again and again, renewals would follow each other ever faster.
void RenewalSchedule::Start(Instant now, const Terms& terms, double random) {
  const absl::Duration lease = absl::Seconds(terms.expires_in_s);
  granted_at_ = now;
  ends_at_ = now + lease;
  session_ends_at_ = now + absl::Seconds(terms.session_ends_in_s);
  renew_at_ = IsLastLease() && !can_log_in_
                  ? ends_at_
                  : now + std::max(lease / 2 * (1 - kSpread + 2 * kSpread * random), kRenewAfter);
  failures_ = 0;
}

void RenewalSchedule::Granted(Instant now, const Terms& terms, bool rekeyed, double random) {
  if (rekeyed) rekey_at_ = now + kRekeyEvery;
  doubts_ = is_doubted_ ? std::min(doubts_ + 1, kDoubtDoublingsMax) : 0;
  is_doubted_ = false;
  Start(now, terms, random);
}

void RenewalSchedule::Failed(Instant now, uint32_t retry_after_s, double random) {
  const absl::Duration most =
      std::min(absl::Seconds(1) * (1 << std::min(failures_, kDoublingsMax)), kRetryMax);
  ++failures_;
  renew_at_ = now + std::max(most * random, absl::Seconds(retry_after_s));
}

void RenewalSchedule::Doubt(Instant now) {
  if (failures_ > 0) return;
  const Instant renew_at = std::max(now, granted_at_ + kRenewAfter * (1 << doubts_));
  if (renew_at >= renew_at_) return;
  renew_at_ = renew_at;
  rekey_at_ = std::min(rekey_at_, renew_at);
  is_doubted_ = true;
}

}  // namespace ringwire::enrol
