#include "core/control/cookie_secret.h"

#include <utility>

#include "core/base/check.h"
#include "core/wire/constants.h"

namespace ringwire {

CookieSecret::~CookieSecret() { CHECK(checker_ == nullptr); }

void CookieSecret::SetPublicKey(const crypto::PublicKey& public_key, Instant now) {
  public_key_ = public_key;
  if (now >= rotate_at_) DrawSecret(now);
  Publish(std::make_shared<CookieChecker>(public_key_, secret_, previous_secret_), now);
}

void CookieSecret::Clear(Instant now) { Publish(nullptr, now); }

void CookieSecret::RotateIfDue(Instant now) {
  if (checker_ == nullptr || now < rotate_at_) return;
  DrawSecret(now);
  Publish(std::make_shared<CookieChecker>(public_key_, secret_, previous_secret_), now);
}

void CookieSecret::DrawSecret(Instant now) {
  previous_secret_ = secret_;
  random_->Fill(secret_.bytes());
  rotate_at_ = now + kCookieSecretMaxAge;
}

void CookieSecret::Publish(std::shared_ptr<CookieChecker> checker, Instant now) {
  std::shared_ptr<CookieChecker> replaced = std::exchange(checker_, std::move(checker));
  shared_->cookie_checker.store(checker_.get());
  if (replaced != nullptr) shared_->quiescence.Retire(std::move(replaced), now);
}

}  // namespace ringwire
