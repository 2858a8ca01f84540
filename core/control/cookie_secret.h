#ifndef RINGWIRE_CORE_CONTROL_COOKIE_SECRET_H_
#define RINGWIRE_CORE_CONTROL_COOKIE_SECRET_H_

#include <memory>

#include "core/base/instant.h"
#include "core/noise/cookie.h"
#include "core/routing/shared_state.h"
#include "crypto/random.h"
#include "crypto/secret.h"

namespace ringwire {

// The secret behind our cookies (WP §5.4.7), and the checker made of it that the workers use.
//
// The secret is replaced by the first call that control gets when 120 s have passed, not by a
// timer: cookies are demanded only under load, load brings control a call at once, and an idle
// device is not woken. The secret before stays valid for one more period. Thread-compatible:
// control's.
class CookieSecret {
 public:
  CookieSecret(SharedState* shared, crypto::Random* random) : shared_(shared), random_(random) {}
  ~CookieSecret();
  CookieSecret(const CookieSecret&) = delete;
  CookieSecret& operator=(const CookieSecret&) = delete;

  // Publishes a checker for this key of ours.
  void SetPublicKey(const crypto::PublicKey& public_key, Instant now);
  // The device has no key any more.
  void Clear(Instant now);
  void RotateIfDue(Instant now);

 private:
  void Publish(std::shared_ptr<CookieChecker> checker, Instant now);
  void DrawSecret(Instant now);

  SharedState* const shared_;
  crypto::Random* const random_;
  crypto::PublicKey public_key_{};
  crypto::SymmetricKey secret_;
  crypto::SymmetricKey previous_secret_;
  Instant rotate_at_;
  std::shared_ptr<CookieChecker> checker_;  // what shared_->cookie_checker points to
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_COOKIE_SECRET_H_
