#ifndef RINGWIRE_CORE_ENROL_RENEWAL_SCHEDULE_H_
#define RINGWIRE_CORE_ENROL_RENEWAL_SCHEDULE_H_

#include <cstdint>

#include "absl/time/time.h"
#include "core/base/instant.h"

namespace ringwire::enrol {

// When a client renews its lease. A renewal is due halfway through the lease, or as soon as the
// gateway stops answering handshakes: then it may have ended the lease. Failures are repeated after
// 1, 2, 4 … 60 s, each wait drawn at random below that, so that the clients of a gateway that comes
// back do not come all at once. Pure: time and randomness are arguments. Thread-compatible.
class RenewalSchedule {
 public:
  struct Terms {
    uint32_t expires_in_s = 0;
    uint32_t session_ends_in_s = 0;
  };
  // `can_log_in`: without a person. `random`: uniform in [0, 1), here and below.
  RenewalSchedule(Instant now, const Terms& terms, bool can_log_in, double random);

  // A renewal or a login succeeded; with a new preshared key if it was `rekeyed`.
  void Granted(Instant now, const Terms& terms, bool rekeyed, double random);
  // A renewal was not answered, or was put off for `retry_after_s` (0: no such word).
  void Failed(Instant now, uint32_t retry_after_s, double random);
  // The peer does not answer handshakes. Brings the renewal forward, with another preshared key,
  // unless one just succeeded or failures already space them. While it stays silent, the renewals
  // follow after 10, 20, 40 … 320 s.
  void Doubt(Instant now);

  Instant renew_at() const { return renew_at_; }
  // The end of the lease, unless a renewal succeeds before; of the session, unless a login does.
  Instant ends_at() const { return ends_at_; }
  Instant session_ends_at() const { return session_ends_at_; }
  // The session ends with this lease, so that only a login prolongs access.
  bool IsLastLease() const { return ends_at_ >= session_ends_at_; }
  // Whether the next renewal shall also change the preshared key. It stays so until one succeeds:
  // if an answer was lost, the gateway may have the new key already.
  bool WantsRekey(Instant now) const { return now >= rekey_at_; }

 private:
  void Start(Instant now, const Terms& terms, double random);

  const bool can_log_in_;
  Instant granted_at_;
  Instant renew_at_;
  Instant ends_at_;
  Instant session_ends_at_;
  Instant rekey_at_;
  uint32_t failures_ = 0;  // in a row
  uint32_t doubts_ = 0;    // renewals in a row because of them
  bool is_doubted_ = false;
};

}  // namespace ringwire::enrol

#endif  // RINGWIRE_CORE_ENROL_RENEWAL_SCHEDULE_H_
