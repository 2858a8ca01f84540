#include "core/enrol/lease_book.h"

#include <algorithm>
#include <limits>

namespace ringwire::enrol {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
constexpr int64_t kMinuteSeconds = 60;

// A little later than a lease is likely to end, so that clients do not ask all the time.
constexpr uint32_t kRetryRenewalSeconds = 10;

}  // namespace

void LeaseBook::Configure(RegistrarSettings settings) {
  settings_ = std::move(settings);
  pool_ = AddressPool(settings_.pool, settings_.reserved);
}

bool LeaseBook::IsFreeFor(const IpAddress& address, const crypto::PublicKey& public_key) const {
  const auto owner = owners_.find(address);
  return owner == owners_.end() || owner->second == public_key;
}

void LeaseBook::Occupy(const std::vector<IpAddress>& addresses,
                       const crypto::PublicKey& public_key) {
  for (const IpAddress& address : addresses) owners_[address] = public_key;
}

// Frees those of the addresses that neither the key's lease nor its offer has.
void LeaseBook::Release(const std::vector<IpAddress>& addresses,
                        const crypto::PublicKey& public_key) {
  const auto has = [&public_key](const auto& leases, const IpAddress& address) {
    const auto found = leases.find(public_key);
    return found != leases.end() &&
           std::ranges::find(found->second.addresses, address) != found->second.addresses.end();
  };
  for (const IpAddress& address : addresses) {
    if (!has(leases_, address) && !has(offers_, address)) owners_.erase(address);
  }
}

// The addresses of the user's key from before, else such that nobody had lately, else any.
std::vector<IpAddress> LeaseBook::Allocate(const Wish& wish, int64_t now) {
  const auto usable = [&](const std::vector<IpAddress>& addresses) {
    return pool_.IsWhole(addresses) &&
           std::ranges::all_of(addresses, [&](const IpAddress& address) {
             return IsFreeFor(address, wish.public_key);
           });
  };
  if (const Lease* const lease = Find(wish.public_key);
      lease != nullptr && usable(lease->addresses)) {
    return lease->addresses;
  }
  const Kept* const kept = kept_.Find({wish.user, wish.public_key});
  if (kept != nullptr && kept->until > now && usable(kept->addresses)) return kept->addresses;
  std::vector<IpAddress> addresses = pool_.Next([&](const IpAddress& address) {
    const auto until = kept_until_.find(address);
    return !owners_.contains(address) && (until == kept_until_.end() || until->second <= now);
  });
  if (!addresses.empty()) return addresses;
  return pool_.Next([&](const IpAddress& address) { return !owners_.contains(address); });
}

std::variant<Lease, VerdictCode> LeaseBook::Offer(Wish wish, int64_t now) {
  if (wish.public_key == settings_.gateway_key) return VerdictCode::kBadKey;
  // One answer at a time: what was offered before is not decided yet, or its peer is still there.
  if (offers_.contains(wish.public_key) || ending_.contains(wish.public_key)) {
    return VerdictCode::kBusy;
  }
  const Lease* const before = Find(wish.public_key);
  if (before != nullptr && before->user != wish.user) return VerdictCode::kKeyInUse;
  size_t devices = 0;
  for (const auto* const leases : {&leases_, &offers_}) {
    devices += static_cast<size_t>(std::ranges::count_if(*leases, [&](const auto& one) {
      return one.second.user == wish.user && one.first != wish.public_key;
    }));
  }
  if (devices >= wish.devices_max.value_or(settings_.devices_max)) return VerdictCode::kDevices;
  if (before == nullptr && leases_.size() + offers_.size() >= settings_.leases_max) {
    return VerdictCode::kFull;
  }
  std::vector<IpAddress> addresses = Allocate(wish, now);
  if (addresses.empty()) return VerdictCode::kFull;

  Lease lease;
  lease.id = wish.id;
  lease.user = std::move(wish.user);
  lease.device = std::move(wish.device);
  lease.public_key = wish.public_key;
  lease.preshared_key = std::move(wish.preshared_key);
  lease.addresses = std::move(addresses);
  lease.token = wish.token;
  lease.credential = wish.credential;
  lease.source = wish.source;
  lease.since = now;
  lease.session_ends = std::min(now + int64_t{settings_.session_s}, wish.until.value_or(kNever));
  lease.expires = std::min(now + int64_t{settings_.lease_s}, lease.session_ends);
  lease.confirm_by = now + kConfirmSeconds;
  Occupy(lease.addresses, lease.public_key);
  offers_.emplace(lease.public_key, lease);
  return lease;
}

void LeaseBook::Grant(const Lease& lease, int64_t now) {
  const crypto::PublicKey key = lease.public_key;
  std::vector<IpAddress> before;
  if (const Lease* const replaced = Find(key)) {
    before = replaced->addresses;
    renewals_.erase(replaced->id);
    BeginEnd(key, EndReason::kReplaced, now);
    ending_.erase(key);
  }
  leases_[key] = lease;
  offers_.erase(key);
  by_token_[lease.token] = key;
  Release(before, key);
}

void LeaseBook::Withdraw(const crypto::PublicKey& public_key) {
  const auto found = offers_.find(public_key);
  if (found == offers_.end()) return;
  const std::vector<IpAddress> addresses = std::move(found->second.addresses);
  offers_.erase(found);
  Release(addresses, public_key);
}

bool LeaseBook::Restore(Lease lease) {
  const crypto::PublicKey key = lease.public_key;
  const bool fits =
      pool_.IsWhole(lease.addresses) && !leases_.contains(key) && leases_.size() < kLeasesMax &&
      !by_token_.contains(lease.token) &&
      std::ranges::all_of(
          lease.addresses, [&](const IpAddress& address) { return IsFreeFor(address, key); });
  if (!fits) return false;
  Occupy(lease.addresses, key);
  by_token_[lease.token] = key;
  leases_.emplace(key, std::move(lease));
  return true;
}

void LeaseBook::RestoreKeptAddresses(const std::string& user, const crypto::PublicKey& public_key,
                                     std::vector<IpAddress> addresses, int64_t until) {
  for (const IpAddress& address : addresses) kept_until_[address] = until;
  kept_.Use({user, public_key}) = {std::move(addresses), until};
}

LeaseBook::Renewal LeaseBook::Renew(const TokenHash& token, int64_t now) {
  if (const auto ended = ended_reasons_.find(token); ended != ended_reasons_.end()) {
    return {VerdictCode::kEnded, ended->second};
  }
  const auto key = by_token_.find(token);
  if (key == by_token_.end()) return {};
  Lease& lease = leases_.at(key->second);
  if (now >= lease.session_ends) return {VerdictCode::kEnded, EndReason::kSession};
  if (now >= lease.expires) return {VerdictCode::kEnded, EndReason::kExpired};
  Renewals& renewals = renewals_[lease.id];
  if (now - renewals.since >= kMinuteSeconds) renewals = {now, 0};
  if (renewals.count >= kRenewalsPerMinute) {
    return {VerdictCode::kTooMany, EndReason::kNone, kRetryRenewalSeconds};
  }
  ++renewals.count;
  // Shorter leases of a reload take effect at the next renewal; it never gives less than is left.
  lease.expires =
      std::max(lease.expires, std::min(now + int64_t{settings_.lease_s}, lease.session_ends));
  lease.confirm_by.reset();
  return {VerdictCode::kGranted, EndReason::kNone, 0, &lease};
}

void LeaseBook::ChangePresharedKey(const crypto::PublicKey& key,
                                   const crypto::PresharedKey& preshared_key) {
  if (const auto found = leases_.find(key); found != leases_.end()) {
    found->second.preshared_key = preshared_key;
  }
}

void LeaseBook::Confirm(const crypto::PublicKey& public_key) {
  if (const auto found = leases_.find(public_key); found != leases_.end()) {
    found->second.confirm_by.reset();
  }
}

const Lease* LeaseBook::FindByToken(const TokenHash& token) const {
  const auto key = by_token_.find(token);
  return key == by_token_.end() ? nullptr : Find(key->second);
}

const Lease* LeaseBook::Find(const crypto::PublicKey& public_key) const {
  const auto found = leases_.find(public_key);
  return found == leases_.end() ? nullptr : &found->second;
}

std::vector<crypto::PublicKey> LeaseBook::LeasesOf(const std::string& user) const {
  std::vector<crypto::PublicKey> keys;
  for (const auto& [key, lease] : leases_) {
    if (lease.user == user) keys.push_back(key);
  }
  return keys;
}

std::vector<crypto::PublicKey> LeaseBook::LeasesOutside() const {
  std::vector<crypto::PublicKey> keys;
  for (const auto& [key, lease] : leases_) {
    if (!pool_.IsWhole(lease.addresses) || key == settings_.gateway_key) keys.push_back(key);
  }
  return keys;
}

std::vector<LeaseBook::Due> LeaseBook::DueAt(int64_t now) const {
  std::vector<Due> due;
  for (const auto& [key, lease] : leases_) {
    if (ending_.contains(key)) continue;
    if (now >= lease.session_ends) {
      due.push_back({key, EndReason::kSession});
    } else if (now >= lease.expires) {
      due.push_back({key, EndReason::kExpired});
    } else if (lease.confirm_by.has_value() && now >= *lease.confirm_by) {
      due.push_back({key, EndReason::kExpired, true});
    }
  }
  return due;
}

int64_t LeaseBook::NextDue() const {
  int64_t next = kNever;
  for (const auto& [key, lease] : leases_) {
    if (ending_.contains(key)) continue;
    next = std::min({next, lease.expires, lease.confirm_by.value_or(kNever)});
  }
  return next;
}

void LeaseBook::ForgetEnded(int64_t now) {
  while (!ended_.empty() &&
         (ended_.size() > kEndedMax || now - ended_.front().at >= kEndedKeptSeconds)) {
    ended_reasons_.erase(ended_.front().token);
    ended_.pop_front();
  }
}

void LeaseBook::BeginEnd(const crypto::PublicKey& public_key, EndReason reason, int64_t now) {
  const auto found = leases_.find(public_key);
  if (found == leases_.end() || !ending_.emplace(public_key, reason).second) return;
  const TokenHash& token = found->second.token;
  by_token_.erase(token);
  ended_.push_back({token, reason, now});
  ended_reasons_[token] = reason;
  ForgetEnded(now);
}

void LeaseBook::KeepAddresses(const Lease& lease, int64_t now) {
  RestoreKeptAddresses(lease.user, lease.public_key, lease.addresses, now + kAddressKeptSeconds);
}

void LeaseBook::Remove(const crypto::PublicKey& public_key, int64_t now) {
  const auto found = leases_.find(public_key);
  if (found == leases_.end()) return;
  BeginEnd(public_key, EndReason::kRevoked, now);
  KeepAddresses(found->second, now);
  renewals_.erase(found->second.id);
  const std::vector<IpAddress> addresses = std::move(found->second.addresses);
  leases_.erase(found);
  ending_.erase(public_key);
  Release(addresses, public_key);
}

}  // namespace ringwire::enrol
