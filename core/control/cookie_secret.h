#ifndef RINGWIRE_CORE_CONTROL_COOKIE_SECRET_H_
#define RINGWIRE_CORE_CONTROL_COOKIE_SECRET_H_

#include <memory>

#include "core/base/instant.h"
#include "core/noise/cookie.h"
#include "core/routing/shared_state.h"
#include "crypto/random.h"
#include "crypto/secret.h"

namespace ringwire {

// The secret of our cookies (WP §5.4.7), and the workers' checker made from it.
//
// Control's first call after 120 s replaces the secret, not a timer: cookies are demanded only
// under load, load calls control at once, and an idle device is not woken. The previous secret
// stays valid for one more period. Thread-compatible: for the control thread.
class CookieSecret {
 public:
  CookieSecret(SharedState* shared, crypto::Random* random) : shared_(shared), random_(random) {}
  ~CookieSecret();
  CookieSecret(const CookieSecret&) = delete;
  CookieSecret& operator=(const CookieSecret&) = delete;

  // Publishes a checker for this key of ours.
  void SetPublicKey(const crypto::PublicKey& public_key, Instant now);
  // Call when the device has no key any more.
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
