#ifndef RINGWIRE_CORE_CONTROL_HANDSHAKE_WORK_H_
#define RINGWIRE_CORE_CONTROL_HANDSHAKE_WORK_H_

#include <cstdint>
#include <optional>

#include "core/base/drop_reason.h"
#include "core/base/instant.h"
#include "core/base/peer_id.h"
#include "core/noise/handshake.h"
#include "core/wire/address.h"
#include "core/wire/messages.h"
#include "crypto/aead.h"
#include "crypto/random.h"

namespace ringwire {

// The expensive steps of answering one initiation (about 50 us for each Diffie-Hellman), with
// copies of all that they need: any thread may run one. Between them control looks at its state.
// Steps run in their order, one at a time.
struct HandshakeWork {
  enum class Step : uint8_t {
    kOpen,     // one DH: who claims to have sent it
    kPrepare,  // one DH, once for each peer: the static keys of both
    kRespond,  // two DH and a key pair: the answer and the session's keys
  };
  Step step = Step::kOpen;

  LocalIdentity local;
  InitiationMessage initiation{};
  Endpoint from;
  uint64_t epoch = 0;  // Sessions gives up work of another one

  // Results of kOpen.
  std::optional<DropReason> refused;
  OpenedInitiation opened;
  // From kPrepare on.
  PeerId peer;
  RemoteIdentity remote;
  // Input and result of kRespond.
  uint32_t local_index = 0;
  crypto::AeadSuite suite = crypto::AeadSuite::kChaCha20Poly1305;
  std::optional<CreatedResponse> response;

  // Runs the present step. `random` is the calling thread's.
  void Run(crypto::Random& random);
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_HANDSHAKE_WORK_H_
