#ifndef RINGWIRE_PLATFORM_REGISTRAR_REGISTRAR_H_
#define RINGWIRE_PLATFORM_REGISTRAR_REGISTRAR_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/enrol/lease_book.h"
#include "core/enrol/login_limiter.h"
#include "core/enrol/message_files.h"
#include "core/enrol/messages.h"
#include "core/enrol/secret_bytes.h"
#include "crypto/random.h"
#include "platform/base/event_poll.h"
#include "platform/base/unique_fd.h"
#include "platform/enrol/message_channel.h"
#include "platform/registrar/hash_pool.h"
#include "platform/registrar/lease_store.h"
#include "platform/registrar/signing_keys.h"

namespace ringwire::platform {

// The process that holds password hashes, TLS private keys and leases, and decides who gets one. It
// speaks to its supervisor and to the portals, and to nobody else. No message makes it wait: what
// takes time (a hash, the supervisor's word) is remembered and answered later. Single-threaded
// besides the hash threads.
class Registrar {
 public:
  using OpenStore = std::function<absl::StatusOr<LeaseStore>()>;

  // The store is opened with the first settings.
  Registrar(RegistrarEndToSupervisor supervisor, std::unique_ptr<HashPool> hashes,
            OpenStore open_store);
  Registrar(const Registrar&) = delete;
  Registrar& operator=(const Registrar&) = delete;

  // Runs until the supervisor closes its channel or breaks its rules.
  void Run();
  // One turn of Run(), at most until `most_ms` have passed. False: it is over.
  bool Turn(int most_ms);

 private:
  struct Portal {
    RegistrarEndToPortal channel;
    std::deque<std::pair<int64_t, enrol::Verdict>> held;  // until this time, in milliseconds
  };
  // A login from its message to its verdict.
  struct PendingLogin {
    uint64_t portal = 0;
    int64_t since_ms = 0;
    enrol::Login login;
    std::string hash;  // of the users file then
  };
  // A question to the supervisor, and what follows from its answer.
  struct PendingGrant {
    uint64_t portal = 0;   // 0: nobody waits
    uint32_t request = 0;  // of the portal
    int64_t since_ms = 0;
    enrol::Lease lease = {};
    enrol::LeaseToken token = {};  // of a login
    enum class Kind : uint8_t { kLogin, kRekey, kRestore } kind = Kind::kLogin;
    bool is_void = false;  // its user was revoked meanwhile
  };
  struct PendingRevoke {
    crypto::PublicKey public_key{};
    enrol::EndReason reason = enrol::EndReason::kRevoked;
    bool unless_used = false;
    uint64_t portal = 0;   // that asked for the end; 0: none
    uint32_t request = 0;  // of the portal
    uint64_t admin = 0;    // the count of what to answer; 0: none
  };
  struct PendingAdmin {
    uint32_t request = 0;
    uint32_t ended = 0;
    uint32_t left = 0;
  };

  // registrar.cc: the loop and the supervisor.
  static int64_t NowMs();
  void TakeFromSupervisor();
  void Take(enrol::SupervisorToRegistrar message, std::vector<UniqueFd> descriptors);
  void TakeGrantDone(const enrol::GrantDone& done);
  void TakeAdmin(const enrol::Admin& admin);
  void AddPortal(UniqueFd socket);
  void TakeFromPortal(uint64_t portal);
  void Tell(enrol::RegistrarToSupervisor message, UniqueFd memory = UniqueFd());
  void FlushToSupervisor();
  void SendLeaseTable(uint32_t request);

  // registrar_settings.cc
  absl::Status TakeSettings(const std::vector<UniqueFd>& descriptors);
  absl::Status TakeKeys(const std::vector<UniqueFd>& descriptors);
  absl::Status TakeUsers(const std::vector<UniqueFd>& descriptors);
  void ReportApplied(const absl::Status& status);
  absl::Status RestoreLeases();
  void EndLeasesOfChangedUsers();
  const enrol::User* FindUser(const std::string& name) const;
  bool MayUse(const enrol::User& user) const;  // not disabled, and its time is not over

  // registrar_logins.cc
  void TakeLogin(uint64_t portal, enrol::Login login);
  void TakeHashes();
  void Decide(PendingLogin login, bool matches);
  void TakeRenewal(uint64_t portal, const enrol::Renew& renewal);
  void TakeEnd(uint64_t portal, const enrol::End& end);
  void AskForGrant(PendingGrant grant);
  void FinishLogin(const PendingGrant& grant, enrol::GrantResult result);
  void FinishRekey(const PendingGrant& grant, enrol::GrantResult result);
  void StartEnd(const crypto::PublicKey& public_key, PendingRevoke revoke);
  void FinishRevoke(const PendingRevoke& revoke, enrol::GrantResult result);
  void EndWhatIsDue();
  void Answer(uint64_t portal, const enrol::Verdict& verdict);
  // Not before a fixed time after the request, so that the time tells nothing of the reason.
  void AnswerLater(uint64_t portal, const enrol::Verdict& verdict, int64_t since_ms);
  void SendHeld(int64_t now_ms);
  enrol::GivenLease GivenOf(const enrol::Lease& lease, int64_t now) const;
  void WriteDirty(int64_t now);
  int MillisecondsToAct(int most_ms) const;

  EventPoll poll_;
  RegistrarEndToSupervisor supervisor_;
  std::unique_ptr<HashPool> hashes_;
  const OpenStore open_store_;
  std::optional<LeaseStore> store_;
  crypto::SystemRandom random_;
  bool is_over_ = false;

  std::optional<enrol::RegistrarSettings> settings_;
  std::optional<absl::btree_map<std::string, enrol::User>> users_;
  SigningKeys keys_;
  enrol::LeaseBook book_;
  enrol::LoginLimiter limiter_;
  bool is_restored_ = false;

  uint64_t last_id_ = 0;  // of everything below
  absl::btree_map<uint64_t, Portal> portals_;
  std::map<uint64_t, PendingLogin> logins_;
  std::map<uint32_t, PendingGrant> grants_;
  std::map<uint32_t, PendingRevoke> revokes_;
  std::map<uint64_t, PendingAdmin> admins_;
  std::deque<std::pair<enrol::RegistrarToSupervisor, UniqueFd>> to_supervisor_;
  size_t restores_left_ = 0;
  absl::btree_set<crypto::PublicKey> dirty_;  // renewed since they were written
  int64_t write_at_ = 0;                      // in seconds
  int64_t due_at_ = 0;                        // likewise: not before
  enrol::LeaseTable counters_;                // without leases
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_REGISTRAR_REGISTRAR_H_
