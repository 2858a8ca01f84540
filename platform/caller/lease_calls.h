#ifndef RINGWIRE_PLATFORM_CALLER_LEASE_CALLS_H_
#define RINGWIRE_PLATFORM_CALLER_LEASE_CALLS_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/instant.h"
#include "core/enrol/messages.h"
#include "crypto/secret.h"
#include "platform/caller/caller_session.h"
#include "platform/enrol/api/api_answer.h"
#include "platform/enrol/api/api_request.h"

namespace ringwire::platform {

// The seconds that a gateway asks to wait before the next call; 0: it names none.
uint32_t RetryAfterOf(const absl::Status& status);

// Why the gateway ended access; kNone: it did not.
enrol::EndReason EndReasonOf(const absl::Status& status);

// A lease, and the preshared key that both ends now have for it.
struct CalledLease {
  ApiLease lease;
  std::optional<crypto::PresharedKey> preshared_key;  // absent: it is as before
};

// Each asks the gateway over `session` and waits for its answer. The error's message is for people
// and follows "connect to HOST: "; ExitCodeOf() says how serious it is.
absl::StatusOr<CalledLease> CallLogin(CallerSession* session, const ApiLogin& login,
                                      Instant deadline);
// `gateway_key` is needed to rekey.
absl::StatusOr<CalledLease> CallRenewal(CallerSession* session, const ApiRenewal& renewal,
                                        const crypto::PublicKey& gateway_key, Instant deadline);
absl::Status CallEnd(CallerSession* session, const ApiEnd& end, Instant deadline);

// The exit code of a client that ends with such an error: 3 the proof was refused, 4 not the right
// server, 5 access has ended, 1 everything else.
int ExitCodeOf(const absl::Status& status);

// The meaning of a refusal, for people. Pure.
absl::Status StatusOf(const ApiRefusal& refusal);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CALLER_LEASE_CALLS_H_
