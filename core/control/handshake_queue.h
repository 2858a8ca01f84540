#ifndef RINGWIRE_CORE_CONTROL_HANDSHAKE_QUEUE_H_
#define RINGWIRE_CORE_CONTROL_HANDSHAKE_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "core/base/counters.h"
#include "core/base/instant.h"
#include "core/base/limits.h"
#include "core/routing/plane_messages.h"
#include "core/routing/shared_state.h"
#include "core/wire/address.h"

namespace ringwire {

// Admitted handshake messages that wait for control. Answers to messages of ours come first: they
// end handshakes. Among initiations the source that has waited longest comes first, with its newest
// one: its sender has given the older ones up. A message older than REKEY_TIMEOUT is of no use any
// more, since its sender has begun anew. So after a stall the messages are answered that still
// count. Nobody can displace the message of another source. Thread-compatible: for the control
// thread.
class HandshakeQueue {
 public:
  // Both outlive it. `counters` takes the drops.
  HandshakeQueue(SharedState* shared, WorkerCounters* counters,
                 size_t capacity = kHandshakesWaitingMax)
      : shared_(shared), counters_(counters), capacity_(capacity) {}

  // Drops the message, with the reason counted, if there is no room.
  void Push(Instant now, HandshakeDatagram&& datagram);
  // The next message; nullopt: none waits.
  std::optional<HandshakeDatagram> Pop(Instant now);
  size_t size() const { return answers_.size() + initiations_; }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct HashSource {
    size_t operator()(const SocketAddress& source) const {
      return absl::HashOf(source.address.bytes, source.port, source.scope_id);
    }
  };

  struct Place {
    HandshakeDatagram datagram;
    uint32_t older = kNone;  // of the same source
  };

  std::optional<HandshakeDatagram> PopInitiation(Instant now);
  // Takes the newest message of the source at the front of the line. The source goes to the end of
  // the line if it has more.
  HandshakeDatagram TakeFromFront();
  // Drops all that the source at the front has.
  void DropFront();
  bool IsFrontStale(Instant now) const;
  void GiveMemoryBack();

  SharedState* const shared_;
  WorkerCounters* const counters_;
  const size_t capacity_;
  std::deque<HandshakeDatagram> answers_;
  size_t initiations_ = 0;
  std::vector<Place> places_;
  std::vector<uint32_t> free_;
  std::deque<SocketAddress> line_;                                   // each source once
  absl::flat_hash_map<SocketAddress, uint32_t, HashSource> newest_;  // of each source in line_
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_HANDSHAKE_QUEUE_H_
