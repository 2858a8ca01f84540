#ifndef RINGWIRE_CORE_CONTROL_KEYPAIRS_H_
#define RINGWIRE_CORE_CONTROL_KEYPAIRS_H_

#include <memory>

#include "core/base/instant.h"
#include "core/noise/keypair.h"
#include "core/routing/peer_slot.h"
#include "core/routing/shared_state.h"

namespace ringwire {

// The three sessions that a peer may have: all receive, only `current` sends. The index table
// publishes every session held here. A session that leaves is removed from the table first and then
// retired to the quiescence domain. Thread-compatible: for the control thread.
class Keypairs {
 public:
  // Both arguments outlive it. Call Clear() before destruction.
  Keypairs(SharedState* shared, PeerSlot* slot) : shared_(shared), slot_(slot) {}
  ~Keypairs();
  Keypairs(const Keypairs&) = delete;
  Keypairs& operator=(const Keypairs&) = delete;

  // The caller has reserved the session's index; this class owns it from now on. As initiator:
  // usable at once. A session that still waits for confirmation becomes the previous one, because
  // the peer may be sending under it.
  void AddAsInitiator(std::shared_ptr<Keypair> keypair, Instant now);
  // As responder: waits for confirmation. Discards a session that waited for it, and the previous
  // one, so that a flood of initiations never holds more than three.
  void AddAsResponder(std::shared_ptr<Keypair> keypair, Instant now);
  // Makes `next` the current session once it has received a message. False: nothing to confirm.
  bool Confirm(Instant now);
  // Stops sending under the present keys; they still receive.
  void ExpireSending();
  void Clear(Instant now);

  Keypair* previous() const { return previous_.get(); }
  Keypair* current() const { return current_.get(); }
  Keypair* next() const { return next_.get(); }

 private:
  void MakeCurrent(std::shared_ptr<Keypair> keypair);
  void Discard(std::shared_ptr<Keypair> keypair, Instant now);

  SharedState* const shared_;
  PeerSlot* const slot_;
  std::shared_ptr<Keypair> previous_;
  std::shared_ptr<Keypair> current_;
  std::shared_ptr<Keypair> next_;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_KEYPAIRS_H_
