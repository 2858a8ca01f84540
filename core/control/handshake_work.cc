#include "core/control/handshake_work.h"

namespace ringwire {

void HandshakeWork::Run(crypto::Random& random) {
  switch (step) {
    case Step::kOpen:
      refused = OpenInitiationStatic(local, initiation, &opened);
      return;
    case Step::kPrepare:
      // If the result is zero, so is static_static, and control refuses the peer (rule 13).
      (void)remote.Compute(local);
      return;
    case Step::kRespond:
      response = CreateResponse(remote, opened, local_index, random, suite);
      return;
  }
}

}  // namespace ringwire
