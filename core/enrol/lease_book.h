#ifndef RINGWIRE_CORE_ENROL_LEASE_BOOK_H_
#define RINGWIRE_CORE_ENROL_LEASE_BOOK_H_

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "core/enrol/address_pool.h"
#include "core/enrol/limits.h"
#include "core/enrol/message_files.h"
#include "core/enrol/messages.h"
#include "core/enrol/recent_table.h"
#include "core/wire/address.h"
#include "crypto/secret.h"

namespace ringwire::enrol {

// BLAKE2s of a token, which is never kept itself; and of the line of the users file that let a user
// in.
using TokenHash = std::array<uint8_t, 32>;
using CredentialHash = std::array<uint8_t, 32>;

// One device's access. Times are in seconds of a clock that never goes back.
struct Lease {
  LeaseId id{};
  std::string user;
  std::string device;
  crypto::PublicKey public_key{};
  crypto::PresharedKey preshared_key;
  std::vector<IpAddress> addresses;
  TokenHash token{};
  CredentialHash credential{};  // a lease ends when it no longer is the user's
  IpAddress source;
  int64_t since = 0;
  int64_t expires = 0;  // never after session_ends
  int64_t session_ends = 0;
  std::optional<int64_t> confirm_by;  // nullopt: a handshake or a renewal has confirmed it
  static void Fields(auto& self, auto& visit) {
    visit(self.id, Label(self.user, kUserBytesMax), Label(self.device, kDeviceBytesMax),
          self.public_key, self.preshared_key, UpTo(self.addresses, kLeaseAddressesMax), self.token,
          self.credential, self.source, self.since, self.expires, self.session_ends,
          self.confirm_by);
  }
};

// Who has access until when, and from which addresses: the rules of leases, without storage and
// processes. An offered lease is invisible until Grant(); a lease that is ending is refused at once
// and forgotten at Remove(), when its peer is gone. An end is never postponed. The registrar is its
// only writer. Thread-compatible.
class LeaseBook {
 public:
  // Leases that the new settings no longer allow are named by LeasesOutside().
  void Configure(RegistrarSettings settings);

  struct Wish {
    std::string user;
    std::string device;
    crypto::PublicKey public_key{};
    crypto::PresharedKey preshared_key;
    IpAddress source;
    CredentialHash credential{};
    std::optional<uint32_t> devices_max;  // nullopt: that of the settings
    std::optional<int64_t> until;         // the session ends at the latest then
    LeaseId id{};                         // random
    TokenHash token{};                    // of a random token
  };
  // What the wish would get. A user who asks again with the same key gets the same addresses. The
  // addresses stay reserved until Grant() or Withdraw().
  std::variant<Lease, VerdictCode> Offer(Wish wish, int64_t now);
  // The offer of this key is in force; it replaces the key's lease.
  void Grant(const Lease& lease, int64_t now);
  void Withdraw(const crypto::PublicKey& public_key);
  // A lease of an earlier run. False: it does not fit the settings or another lease.
  bool Restore(Lease lease);
  void RestoreKeptAddresses(const std::string& user, const crypto::PublicKey& public_key,
                            std::vector<IpAddress> addresses, int64_t until);

  struct Renewal {
    VerdictCode code = VerdictCode::kCredentials;
    EndReason reason = EndReason::kNone;
    uint32_t retry_after_s = 0;
    const Lease* lease = nullptr;  // of kGranted; until the next change
  };
  Renewal Renew(const TokenHash& token, int64_t now);
  void ChangePresharedKey(const crypto::PublicKey& key, const crypto::PresharedKey& preshared_key);
  void Confirm(const crypto::PublicKey& public_key);

  // Live leases only. Null: there is none.
  const Lease* FindByToken(const TokenHash& token) const;
  const Lease* Find(const crypto::PublicKey& public_key) const;
  const absl::btree_map<crypto::PublicKey, Lease>& leases() const { return leases_; }
  std::vector<crypto::PublicKey> LeasesOf(const std::string& user) const;
  std::vector<crypto::PublicKey> LeasesOutside() const;

  struct Due {
    crypto::PublicKey public_key{};
    EndReason reason = EndReason::kExpired;
    bool unless_used = false;  // only because nothing has confirmed it
  };
  // Live leases whose time is over.
  std::vector<Due> DueAt(int64_t now) const;
  // When there is something due; INT64_MAX: never.
  int64_t NextDue() const;

  // From now on the token is refused with this reason.
  void BeginEnd(const crypto::PublicKey& public_key, EndReason reason, int64_t now);
  // Its peer is gone: the addresses are free, but kept for this user and key.
  void Remove(const crypto::PublicKey& public_key, int64_t now);
  bool IsEnding(const crypto::PublicKey& public_key) const { return ending_.contains(public_key); }

 private:
  struct Ended {
    TokenHash token{};
    EndReason reason = EndReason::kNone;
    int64_t at = 0;
  };
  struct Kept {
    std::vector<IpAddress> addresses;
    int64_t until = 0;
  };
  struct Renewals {
    int64_t since = 0;
    uint32_t count = 0;
  };

  std::vector<IpAddress> Allocate(const Wish& wish, int64_t now);
  bool IsFreeFor(const IpAddress& address, const crypto::PublicKey& public_key) const;
  void Occupy(const std::vector<IpAddress>& addresses, const crypto::PublicKey& public_key);
  void Release(const std::vector<IpAddress>& addresses, const crypto::PublicKey& public_key);
  void KeepAddresses(const Lease& lease, int64_t now);
  void ForgetEnded(int64_t now);

  RegistrarSettings settings_;
  AddressPool pool_;
  absl::btree_map<crypto::PublicKey, Lease> leases_;
  absl::btree_map<crypto::PublicKey, Lease> offers_;
  absl::btree_map<crypto::PublicKey, EndReason> ending_;
  absl::flat_hash_map<TokenHash, crypto::PublicKey> by_token_;
  absl::btree_map<IpAddress, crypto::PublicKey> owners_;
  RecentTable<std::pair<std::string, crypto::PublicKey>, Kept> kept_{kKeptAddressesMax};
  absl::btree_map<IpAddress, int64_t> kept_until_;
  std::deque<Ended> ended_;  // in the order of their ends
  absl::flat_hash_map<TokenHash, EndReason> ended_reasons_;
  absl::flat_hash_map<LeaseId, Renewals> renewals_;
};

}  // namespace ringwire::enrol

#endif  // RINGWIRE_CORE_ENROL_LEASE_BOOK_H_
