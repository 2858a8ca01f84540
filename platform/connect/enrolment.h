#ifndef RINGWIRE_PLATFORM_CONNECT_ENROLMENT_H_
#define RINGWIRE_PLATFORM_CONNECT_ENROLMENT_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/instant.h"
#include "core/enrol/messages.h"
#include "core/enrol/pushed_config.h"
#include "core/enrol/renewal_schedule.h"
#include "core/enrol/secret_bytes.h"
#include "core/wire/address.h"
#include "crypto/secret.h"
#include "platform/connect/caller_client.h"
#include "platform/connect/connect_files.h"

namespace ringwire::platform {

// A lease that a client holds.
struct HeldLease {
  std::string user;
  enrol::LeaseToken token;
  crypto::PresharedKey preshared_key;
  enrol::PushedConfig pushed;  // as it came
  uint32_t revision = 0;       // of `pushed`
  uint16_t key_exchange = 0;   // by TLS' registry of groups
  enrol::RenewalSchedule::Terms terms;
  Instant granted_at;
  SocketAddress server;  // that answered
};

struct Credentials {
  std::string user;
  enrol::SecretBytes password;
};

struct EnrolmentRequest {
  std::vector<SocketAddress> servers;  // TCP, in the order to try
  uint32_t mark = 0;                   // of the sockets
  crypto::PublicKey public_key{};
  std::string device;
  std::string user;  // whose session may be continued; empty: anybody's
  // Called when a password is needed, at most once.
  std::function<absl::StatusOr<Credentials>()> ask;
};

// Continues the session that `files` have, or else logs in, and saves the new session. An error has
// the client's exit code (ConnectExitCode). Nothing of the host is changed but those files. Blocks
// for at most some tens of seconds besides `ask`.
absl::StatusOr<HeldLease> Enrol(const EnrolmentRequest& request, const ConnectFiles& files,
                                CallerClient* caller);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONNECT_ENROLMENT_H_
