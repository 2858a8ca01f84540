#ifndef RINGWIRE_CORE_CONTROL_KEYPAIRS_H_
#define RINGWIRE_CORE_CONTROL_KEYPAIRS_H_

#include <memory>

#include "core/base/instant.h"
#include "core/noise/keypair.h"
#include "core/routing/peer_slot.h"
#include "core/routing/shared_state.h"

namespace ringwire {

// The three sessions that a peer may have at a time: all of them receive, `current` alone sends.
// Every session held here is published in the index table; one that leaves is taken out of it first
// and then retired to the quiescence domain. Thread-compatible: control's.
class Keypairs {
 public:
  // Both outlive it, and Clear() comes before the end.
  Keypairs(SharedState* shared, PeerSlot* slot) : shared_(shared), slot_(slot) {}
  ~Keypairs();
  Keypairs(const Keypairs&) = delete;
  Keypairs& operator=(const Keypairs&) = delete;

  // The session's index is reserved by the caller, and is this class's from here on.
  // As initiator: usable at once. A session that still awaited confirmation becomes the previous
  // one, because the peer may be sending under it.
  void AddAsInitiator(std::shared_ptr<Keypair> keypair, Instant now);
  // As responder: awaits confirmation; a session that awaited it and the previous one are
  // discarded, so that a flood of initiations never holds more than the three.
  void AddAsResponder(std::shared_ptr<Keypair> keypair, Instant now);
  // Makes `next` the current session once it has received a message. False: nothing to confirm.
  bool Confirm(Instant now);
  // Nothing is sent any more under the present keys; receiving goes on.
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
