#ifndef RINGWIRE_PLATFORM_CONNECT_LEASE_KEEPER_H_
#define RINGWIRE_PLATFORM_CONNECT_LEASE_KEEPER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/instant.h"
#include "core/config/config_file.h"
#include "core/enrol/client_policy.h"
#include "core/enrol/renewal_schedule.h"
#include "platform/connect/caller_client.h"
#include "platform/connect/connect_files.h"
#include "platform/connect/enrolment.h"

namespace ringwire::platform {

// A client's lease while its tunnel is up: renews it in time, logs in again where a password file
// allows it, and tells what the gateway changes. The one owner of the lease. It keeps keys in
// memory, because each change configures the relay anew. Nothing blocks but small files.
// Thread-compatible.
class LeaseKeeper {
 public:
  struct Parts {
    std::string interface;
    ConfigFile own;  // the user's part, with keys and a [Connect] section
    HeldLease lease;
    ConnectFiles files;
    enrol::CallerSettings caller;
    std::string device;
    std::string password_file;  // empty: a login needs a person
    CallerClient::Start start_caller = &CallerClient::StartCallerProgram;
  };
  explicit LeaseKeeper(Parts parts);

  // The whole configuration with `own` as the user's part, for this host as it is now; an error
  // says what the gateway pushed. Warnings are about routes that are left out.
  absl::StatusOr<ConfigFile> Complete(const ConfigFile& own, std::vector<std::string>* warnings);
  // Completes a user's part that was loaded again with what must stay as it was. An error: it would
  // need another lease.
  absl::Status Adopt(ConfigFile* own) const;
  // The user's part from now on, after its completion was applied.
  void SetOwn(ConfigFile own) { own_ = std::move(own); }
  const ConfigFile& own() const { return own_; }

  // The address of the gateway's UDP endpoint, whose name is looked up again as it moves: the
  // server moves with it if they have one name.
  void NoteEndpoint(const std::optional<SocketAddress>& endpoint);
  // Of connections that begin from now on; 0: none.
  void set_mark(uint32_t mark) { mark_ = mark; }

  int fd() const { return caller_.fd(); }  // readable: Serve() has something to do
  void Serve();
  Instant look_at() const;  // when Look() has something to do
  void Look();
  // The gateway's peer does not answer.
  void Doubt();

  // Whether settings or preshared key have changed; once. Complete(own()) has them.
  bool TakeChange();
  // They could not be applied: they are asked for again.
  void ChangeFailed();
  // Not OK: access has ended, with the client's exit code.
  const absl::Status& ended() const { return ended_; }

  // A line for people: user, times, key exchange.
  std::string Describe(absl::Time now) const;

 private:
  void Call();
  absl::Status TryToCall();
  absl::StatusOr<enrol::SupervisorToCaller> NextCall();
  void Take(const CallerClient::Granted& granted);
  void Take(const enrol::CallFailed& failed);
  void TakeEnd(enrol::CallFailed failed);
  void KeepToken(const enrol::LeaseToken& token);

  const std::string interface_;
  ConfigFile own_;
  HeldLease lease_;
  const ConnectFiles files_;
  const std::string device_;
  const std::string password_file_;
  const crypto::PublicKey public_key_;
  CallerClient caller_;
  enrol::RenewalSchedule schedule_;
  uint32_t mark_ = 0;
  bool must_log_in_ = false;  // the token is void
  bool rekeys_ = false;       // by the call under way
  bool logs_in_ = false;      // likewise
  bool has_changed_ = false;
  std::string trouble_;  // of the latest call; empty: it succeeded
  absl::Status ended_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONNECT_LEASE_KEEPER_H_
