#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include "core/enrol/limits.h"
#include "crypto/x25519.h"
#include "platform/registrar/credential.h"
#include "platform/registrar/password_hash.h"
#include "platform/registrar/registrar.h"

// What portals ask: logins, renewals and ends, from the request to its verdict.
namespace ringwire::platform {
namespace {

using enrol::GrantResult;
using enrol::VerdictCode;

// A verdict on a login is sent at a multiple of this after its request: longer than a hash takes.
constexpr int64_t kVerdictStepMs = 150;
constexpr uint16_t kRetryBusySeconds = 2;
constexpr uint16_t kRetryFullSeconds = 60;
constexpr int64_t kWriteEverySeconds = 5;

// Everyone knows the secret of such a point.
bool IsUsableKey(const crypto::PublicKey& key) {
  crypto::SystemRandom random;
  crypto::SymmetricKey secret;
  return crypto::SharedSecret(crypto::GeneratePrivateKey(random), key, &secret);
}

VerdictCode CodeOf(GrantResult result) {
  return result == GrantResult::kKeyInUse ? VerdictCode::kKeyInUse : VerdictCode::kBusy;
}

enrol::Verdict VerdictOf(uint32_t id, VerdictCode code) {
  enrol::Verdict verdict;
  verdict.id = id;
  verdict.code = code;
  if (code == VerdictCode::kBusy) verdict.retry_after_s = kRetryBusySeconds;
  if (code == VerdictCode::kFull) verdict.retry_after_s = kRetryFullSeconds;
  return verdict;
}

}  // namespace

void Registrar::TakeLogin(uint64_t portal, enrol::Login login) {
  const int64_t now_ms = NowMs();
  if (!is_restored_) return Answer(portal, VerdictOf(login.id, VerdictCode::kBusy));
  if (!IsUsableKey(login.public_key) || login.public_key == settings_->gateway_key) {
    return Answer(portal, VerdictOf(login.id, VerdictCode::kBadKey));
  }
  const uint32_t wait = limiter_.Admit(login.source, login.user, now_ms / 1000);
  if (wait > 0) {
    ++counters_.logins_throttled;
    enrol::Verdict verdict = VerdictOf(login.id, VerdictCode::kTooMany);
    verdict.retry_after_s = static_cast<uint16_t>(std::min<uint32_t>(wait, 600));
    return Answer(portal, verdict);
  }
  const enrol::User* const user = FindUser(login.user);
  const bool has_password = user != nullptr && user->hash.starts_with('$');
  HashPool::Job job{++last_id_, login.source, has_password ? user->hash : kDummyHash,
                    std::move(login.password)};
  PendingLogin pending{portal, now_ms, std::move(login), job.hash};
  const uint64_t id = job.id;
  if (!hashes_->Add(std::move(job))) {
    limiter_.Succeed(pending.login.source, pending.login.user, now_ms / 1000);
    return Answer(portal, VerdictOf(pending.login.id, VerdictCode::kBusy));
  }
  logins_.emplace(id, std::move(pending));
}

void Registrar::TakeHashes() {
  for (const HashPool::Result& result : hashes_->TakeResults()) {
    ++counters_.hashes;
    const auto found = logins_.find(result.id);
    if (found == logins_.end()) continue;
    PendingLogin login = std::move(found->second);
    logins_.erase(found);
    Decide(std::move(login), result.matches);
  }
}

void Registrar::Decide(PendingLogin pending, bool matches) {
  enrol::Login& login = pending.login;
  const int64_t now = LeaseClockNow().boot_s;
  const enrol::User* const user = FindUser(login.user);
  // The users file may have changed while the password was hashed.
  const bool is_good = matches && user != nullptr && user->hash == pending.hash && MayUse(*user);
  if (!is_good) {
    ++counters_.logins_refused;
    return AnswerLater(pending.portal, VerdictOf(login.id, VerdictCode::kCredentials),
                       pending.since_ms);
  }
  limiter_.Succeed(login.source, login.user, now);
  PendingGrant grant{.portal = pending.portal, .request = login.id, .since_ms = pending.since_ms};
  random_.Fill(grant.token.bytes());
  enrol::LeaseBook::Wish wish;
  wish.user = login.user;
  wish.device = login.device;
  wish.public_key = login.public_key;
  wish.preshared_key = login.preshared_key;
  wish.source = login.source;
  wish.credential = CredentialOf(*user);
  wish.devices_max = user->devices_max;
  if (user->until.has_value()) wish.until = now + *user->until - LeaseClockNow().unix_s;
  wish.token = HashOf(grant.token);
  random_.Fill(wish.id);
  auto offer = book_.Offer(std::move(wish), now);
  if (const auto* const code = std::get_if<VerdictCode>(&offer)) {
    return AnswerLater(pending.portal, VerdictOf(login.id, *code), pending.since_ms);
  }
  grant.lease = std::get<enrol::Lease>(std::move(offer));
  // On disk first: after a crash it comes back, and ends if nothing confirms it.
  if (!store_->Put({&grant.lease, 1}, LeaseClockNow()).ok()) {
    book_.Withdraw(grant.lease.public_key);
    return AnswerLater(pending.portal, VerdictOf(login.id, VerdictCode::kBusy), pending.since_ms);
  }
  AskForGrant(std::move(grant));
}

void Registrar::AskForGrant(PendingGrant grant) {
  const auto id = static_cast<uint32_t>(++last_id_);
  const enrol::Lease& lease = grant.lease;
  Tell(enrol::Grant{id, lease.user, lease.device, lease.public_key, lease.preshared_key,
                    lease.addresses});
  grants_.emplace(id, std::move(grant));
}

void Registrar::FinishLogin(const PendingGrant& grant, GrantResult result) {
  const int64_t now = LeaseClockNow().boot_s;
  const crypto::PublicKey& key = grant.lease.public_key;
  const bool is_granted = result == GrantResult::kDone;
  if (!is_granted) {
    book_.Withdraw(key);
    // What was on disk before comes back: the lease that this one would have replaced.
    const enrol::Lease* const before = book_.Find(key);
    const absl::Status undone =
        before != nullptr ? store_->Put({before, 1}, LeaseClockNow()) : store_->Remove({&key, 1});
    if (!undone.ok()) dirty_.insert(key);
    return AnswerLater(grant.portal, VerdictOf(grant.request, CodeOf(result)), grant.since_ms);
  }
  book_.Grant(grant.lease, now);
  due_at_ = std::min(due_at_, std::min(grant.lease.expires, *grant.lease.confirm_by));
  if (grant.is_void) {
    StartEnd(key, {.reason = enrol::EndReason::kRevoked});
    return AnswerLater(grant.portal, VerdictOf(grant.request, VerdictCode::kCredentials),
                       grant.since_ms);
  }
  ++counters_.logins_granted;
  enrol::Verdict verdict = VerdictOf(grant.request, VerdictCode::kGranted);
  verdict.given = GivenOf(grant.lease, now);
  verdict.given->token = grant.token;
  AnswerLater(grant.portal, verdict, grant.since_ms);
}

enrol::GivenLease Registrar::GivenOf(const enrol::Lease& lease, int64_t now) const {
  enrol::GivenLease given;
  given.lease = lease.id;
  given.addresses = lease.addresses;
  given.expires_in_s = static_cast<uint32_t>(std::max<int64_t>(lease.expires - now, 0));
  given.session_ends_in_s = static_cast<uint32_t>(std::max<int64_t>(lease.session_ends - now, 0));
  return given;
}

void Registrar::TakeRenewal(uint64_t portal, const enrol::Renew& renewal) {
  if (!is_restored_) return Answer(portal, VerdictOf(renewal.id, VerdictCode::kBusy));
  const int64_t now = LeaseClockNow().boot_s;
  const enrol::LeaseBook::Renewal renewed = book_.Renew(HashOf(renewal.token), now);
  if (renewed.code != VerdictCode::kGranted) {
    enrol::Verdict verdict = VerdictOf(renewal.id, renewed.code);
    verdict.reason = renewed.reason;
    if (renewed.retry_after_s > 0) {
      verdict.retry_after_s = static_cast<uint16_t>(renewed.retry_after_s);
    }
    return Answer(portal, verdict);
  }
  const enrol::Lease& lease = *renewed.lease;
  if (dirty_.empty()) write_at_ = now + kWriteEverySeconds;
  dirty_.insert(lease.public_key);
  if (renewal.preshared_key.has_value()) {
    PendingGrant grant{.portal = portal, .request = renewal.id, .lease = lease};
    grant.kind = PendingGrant::Kind::kRekey;
    grant.lease.preshared_key = *renewal.preshared_key;
    return AskForGrant(std::move(grant));
  }
  enrol::Verdict verdict = VerdictOf(renewal.id, VerdictCode::kGranted);
  verdict.given = GivenOf(lease, now);
  Answer(portal, verdict);
}

void Registrar::FinishRekey(const PendingGrant& grant, GrantResult result) {
  const crypto::PublicKey& key = grant.lease.public_key;
  const enrol::Lease* const lease = book_.Find(key);
  // It may have ended meanwhile; its Revoke follows the Grant to the supervisor.
  const bool is_live = lease != nullptr && lease->id == grant.lease.id && !book_.IsEnding(key);
  if (result != GrantResult::kDone || !is_live) {
    return Answer(grant.portal, VerdictOf(grant.request, VerdictCode::kBusy));
  }
  book_.ChangePresharedKey(key, grant.lease.preshared_key);
  // On disk before the answer: after a restart with the old key no handshake would succeed.
  const int64_t now = LeaseClockNow().boot_s;
  dirty_.insert(key);
  write_at_ = now;
  WriteDirty(now);
  enrol::Verdict verdict = VerdictOf(grant.request, VerdictCode::kGranted);
  verdict.given = GivenOf(*lease, now);
  Answer(grant.portal, verdict);
}

void Registrar::TakeEnd(uint64_t portal, const enrol::End& end) {
  if (!is_restored_) return Answer(portal, VerdictOf(end.id, VerdictCode::kBusy));
  const enrol::Lease* const lease = book_.FindByToken(HashOf(end.token));
  if (lease == nullptr) {
    // No live lease has it, so this only tells why.
    const enrol::LeaseBook::Renewal ended = book_.Renew(HashOf(end.token), 0);
    enrol::Verdict verdict = VerdictOf(end.id, ended.code);
    verdict.reason = ended.reason;
    return Answer(portal, verdict);
  }
  StartEnd(lease->public_key,
           {.reason = enrol::EndReason::kRevoked, .portal = portal, .request = end.id});
}

// The peer goes first; the lease's token is refused from now on.
void Registrar::StartEnd(const crypto::PublicKey& public_key, PendingRevoke revoke) {
  if (book_.IsEnding(public_key)) return;
  if (!revoke.unless_used) book_.BeginEnd(public_key, revoke.reason, LeaseClockNow().boot_s);
  revoke.public_key = public_key;
  const auto id = static_cast<uint32_t>(++last_id_);
  revokes_[id] = revoke;
  Tell(enrol::Revoke{id, public_key, revoke.unless_used});
}

void Registrar::FinishRevoke(const PendingRevoke& revoke, GrantResult result) {
  const crypto::PublicKey& key = revoke.public_key;
  if (result == GrantResult::kUsed) {
    book_.Confirm(key);
    dirty_.insert(key);
    return;
  }
  const int64_t now = LeaseClockNow().boot_s;
  if (result == GrantResult::kDone) {
    book_.BeginEnd(key, revoke.reason, now);
    book_.Remove(key, now);
    dirty_.erase(key);
    // If the disk is full the lease is written off at the next start: its time goes on.
    store_->Remove({&key, 1}).IgnoreError();
  }
  // Otherwise the relay is gone, and with it every peer: the supervisor ends.
  if (revoke.portal != 0) {
    const bool is_done = result == GrantResult::kDone;
    Answer(revoke.portal,
           VerdictOf(revoke.request, is_done ? VerdictCode::kGranted : VerdictCode::kBusy));
  }
  const auto admin = admins_.find(revoke.admin);
  if (admin == admins_.end() || --admin->second.left > 0) return;
  Tell(enrol::AdminDone{admin->second.request, true, admin->second.ended});
  admins_.erase(admin);
}

void Registrar::EndWhatIsDue() {
  const int64_t now = LeaseClockNow().boot_s;
  if (!is_restored_ || now < due_at_) return;
  for (const enrol::LeaseBook::Due& due : book_.DueAt(now)) {
    StartEnd(due.public_key, {.reason = due.reason, .unless_used = due.unless_used});
  }
  due_at_ = std::max(book_.NextDue(), now + 1);
}

void Registrar::Answer(uint64_t portal, const enrol::Verdict& verdict) {
  const auto found = portals_.find(portal);
  if (found == portals_.end()) return;
  found->second.channel.Send(verdict).IgnoreError();  // a portal that reads nothing
}

void Registrar::AnswerLater(uint64_t portal, const enrol::Verdict& verdict, int64_t since_ms) {
  const auto found = portals_.find(portal);
  if (found == portals_.end()) return;
  const int64_t steps = (NowMs() - since_ms) / kVerdictStepMs + 1;
  auto& held = found->second.held;
  const int64_t at = since_ms + steps * kVerdictStepMs;
  const auto place = std::ranges::upper_bound(
      held, at, {}, [](const std::pair<int64_t, enrol::Verdict>& one) { return one.first; });
  held.emplace(place, at, verdict);
}

void Registrar::SendHeld(int64_t now_ms) {
  for (auto& [id, portal] : portals_) {
    while (!portal.held.empty() && portal.held.front().first <= now_ms) {
      portal.channel.Send(portal.held.front().second).IgnoreError();  // likewise
      portal.held.pop_front();
    }
  }
}

// Renewals are written together: a crash in between only ends them earlier.
void Registrar::WriteDirty(int64_t now) {
  if (dirty_.empty() || now < write_at_ || !store_.has_value()) return;
  std::vector<enrol::Lease> leases;
  for (const crypto::PublicKey& key : dirty_) {
    if (const enrol::Lease* const lease = book_.Find(key)) leases.push_back(*lease);
  }
  write_at_ = now + kWriteEverySeconds;
  if (store_->Put(leases, LeaseClockNow()).ok()) dirty_.clear();
}

}  // namespace ringwire::platform
