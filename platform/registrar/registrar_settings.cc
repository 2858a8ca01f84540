#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include "core/base/status_macros.h"
#include "crypto/blake2s.h"
#include "platform/base/message_of.h"
#include "platform/enrol/sealed_memory.h"
#include "platform/registrar/credential.h"
#include "platform/registrar/registrar.h"

// What the supervisor gives the registrar to decide by, and what follows for leases.
namespace ringwire::platform {
namespace {

template <typename File>
absl::StatusOr<File> FileIn(const std::vector<UniqueFd>& descriptors) {
  if (descriptors.size() != 1) return absl::InternalError("a message came without its memory");
  ASSIGN_OR_RETURN(const enrol::SecretBytes bytes, ReadSealedMemory(descriptors.front().get()));
  std::optional<File> file = enrol::DecodeFile<File>(bytes.view());
  if (!file.has_value()) return absl::InternalError("a message came with damaged memory");
  return *std::move(file);
}

}  // namespace

absl::Status Registrar::TakeSettings(const std::vector<UniqueFd>& descriptors) {
  ASSIGN_OR_RETURN(enrol::RegistrarSettings settings,
                   FileIn<enrol::RegistrarSettings>(descriptors));
  settings_ = settings;
  book_.Configure(std::move(settings));
  for (const crypto::PublicKey& key : book_.LeasesOutside()) {
    StartEnd(key, {.reason = enrol::EndReason::kRevoked});
  }
  return RestoreLeases();
}

absl::Status Registrar::TakeKeys(const std::vector<UniqueFd>& descriptors) {
  ASSIGN_OR_RETURN(const enrol::KeyTable keys, FileIn<enrol::KeyTable>(descriptors));
  return keys_.Replace(keys);
}

absl::Status Registrar::TakeUsers(const std::vector<UniqueFd>& descriptors) {
  ASSIGN_OR_RETURN(enrol::UserTable table, FileIn<enrol::UserTable>(descriptors));
  users_.emplace();
  for (enrol::User& user : table.users) {
    std::string name = user.name;
    users_->emplace(std::move(name), std::move(user));
  }
  EndLeasesOfChangedUsers();
  return RestoreLeases();
}

// While leases are being restored, the last of them reports.
void Registrar::ReportApplied(const absl::Status& status) {
  if (status.ok() && restores_left_ > 0) return;
  std::string error = MessageOf(status);
  std::ranges::replace_if(error, [](char c) { return c < ' ' || c > '~'; }, '?');
  Tell(enrol::Applied{error.substr(0, 512)});
}

// Once, with the first settings and users. Each lease is a grant for the supervisor to check.
absl::Status Registrar::RestoreLeases() {
  if (is_restored_ || !settings_.has_value() || !users_.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(LeaseStore store, open_store_());
  ASSIGN_OR_RETURN(const std::vector<enrol::Lease> leases,
                   store.Load(LeaseClockNow(), settings_->lease_s, settings_->session_s));
  store_ = std::move(store);
  is_restored_ = true;
  std::vector<crypto::PublicKey> gone;
  for (const enrol::Lease& lease : leases) {
    const enrol::User* const user = FindUser(lease.user);
    const bool is_good = user != nullptr && MayUse(*user) &&
                         CredentialOf(*user) == lease.credential && book_.Restore(lease);
    if (!is_good) {
      gone.push_back(lease.public_key);
      continue;
    }
    ++restores_left_;
    PendingGrant grant;
    grant.lease = lease;
    grant.kind = PendingGrant::Kind::kRestore;
    AskForGrant(std::move(grant));
  }
  due_at_ = 0;
  return gone.empty() ? absl::OkStatus() : store_->Remove(gone);
}

const enrol::User* Registrar::FindUser(const std::string& name) const {
  if (!users_.has_value()) return nullptr;
  const auto found = users_->find(name);
  return found == users_->end() ? nullptr : &found->second;
}

bool Registrar::MayUse(const enrol::User& user) const {
  constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  return !user.is_disabled && LeaseClockNow().unix_s < user.until.value_or(kNever);
}

void Registrar::EndLeasesOfChangedUsers() {
  std::vector<crypto::PublicKey> ended;
  for (const auto& [key, lease] : book_.leases()) {
    const enrol::User* const user = FindUser(lease.user);
    const bool is_good =
        user != nullptr && MayUse(*user) && CredentialOf(*user) == lease.credential;
    if (!is_good) ended.push_back(key);
  }
  for (const crypto::PublicKey& key : ended) StartEnd(key, {.reason = enrol::EndReason::kRevoked});
}

}  // namespace ringwire::platform
