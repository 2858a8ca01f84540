#include "platform/supervisor/enrol_grants.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "platform/supervisor/enrol_settings.h"

namespace ringwire::platform {

using enrol::GrantResult;

void EnrolGrants::Configure(const ConfigFile& config, const crypto::PublicKey& gateway_key,
                            const enrol::UserTable& users) {
  pool_ = enrol::AddressPool(EnrolPool(config), EnrolReserved(config));
  forbidden_ = {gateway_key};
  for (const PeerConfig& peer : config.peers) forbidden_.insert(peer.public_key);
  users_.clear();
  for (const enrol::User& user : users.users) users_.insert(user.name);
  leases_max_ = config.enrol->leases_max;
}

GrantResult EnrolGrants::Check(const enrol::Grant& grant) const {
  if (forbidden_.contains(grant.public_key)) return GrantResult::kKeyInUse;
  const auto is_others = [&](const IpAddress& address) {
    const auto owner = owners_.find(address);
    return owner != owners_.end() && owner->second != grant.public_key;
  };
  const bool is_good = pool_.IsWhole(grant.addresses) && users_.contains(grant.user) &&
                       std::ranges::none_of(grant.addresses, is_others) &&
                       (Has(grant.public_key) || leases_.size() < leases_max_);
  return is_good ? GrantResult::kDone : GrantResult::kRefused;
}

PeerUpdate EnrolGrants::PeerOf(const enrol::Grant& grant) {
  PeerUpdate peer;
  peer.public_key = grant.public_key;
  peer.preshared_key = grant.preshared_key;
  peer.replace_allowed_ips = true;
  for (const IpAddress& address : grant.addresses) {
    peer.allowed_ips.push_back({Prefix::Of(address, address.Bits()), false});
  }
  peer.name = fmt::format("{}/{}", grant.user, grant.device);
  return peer;
}

void EnrolGrants::Add(const enrol::Grant& grant) {
  Remove(grant.public_key);
  for (const IpAddress& address : grant.addresses) owners_[address] = grant.public_key;
  leases_[grant.public_key] = {grant.addresses, false};
}

void EnrolGrants::Remove(const crypto::PublicKey& public_key) {
  const auto found = leases_.find(public_key);
  if (found == leases_.end()) return;
  for (const IpAddress& address : found->second.addresses) owners_.erase(address);
  leases_.erase(found);
}

std::vector<crypto::PublicKey> EnrolGrants::All() const {
  std::vector<crypto::PublicKey> keys;
  for (const auto& [key, lease] : leases_) keys.push_back(key);
  return keys;
}

void EnrolGrants::ExpectAllAgain() {
  for (auto& [key, lease] : leases_) lease.is_expected = true;
}

std::vector<crypto::PublicKey> EnrolGrants::NotGrantedAgain() const {
  std::vector<crypto::PublicKey> keys;
  for (const auto& [key, lease] : leases_) {
    if (lease.is_expected) keys.push_back(key);
  }
  return keys;
}

std::vector<crypto::PublicKey> EnrolGrants::LostToPeers() const {
  std::vector<crypto::PublicKey> keys;
  for (const auto& [key, lease] : leases_) {
    if (forbidden_.contains(key)) keys.push_back(key);
  }
  return keys;
}

}  // namespace ringwire::platform
