#ifndef RINGWIRE_CORE_ROUTING_PLANE_MESSAGES_H_
#define RINGWIRE_CORE_ROUTING_PLANE_MESSAGES_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "core/base/counters.h"
#include "core/base/limits.h"
#include "core/base/spsc_queue.h"
#include "core/routing/peer_slot.h"
#include "core/routing/source_note.h"
#include "core/wire/address.h"
#include "core/wire/messages.h"

// The messages between the two planes.
namespace ringwire {

// Worker -> control, about one peer. Level-triggered: a bit in PeerSlot::pending_events, which
// control clears before it reads the state in question. A flood of one event is one bit.
enum DataEventKind : uint32_t {
  kNeedHandshake = 1 << 0,    // a packet came and no session can send; it may be staged or dropped
  kKeyConfirmed = 1 << 1,     // a session has received its first valid message
  kEndpointChanged = 1 << 2,  // PeerSlot::roamed_to
  kRekeyDue = 1 << 3,        // the current session is old enough (or has sent enough) to be renewed
  kActivity = 1 << 4,        // a stamp began to run and no deadline watches it
  kSourceUnusable = 1 << 5,  // the endpoint's local address cannot be sent from any more
  kLargeSent = 1 << 6,       // a packet above PeerPath::watch_above was sent
  kPathProbe = 1 << 7,       // PeerPath::probe
  kPathAnswer = 1 << 8,      // PeerPath::answer
};
struct DataEvent {
  PeerId peer;
  // Kinds reported with the event itself, by a sender that does not hold the peer's slot.
  uint32_t kinds = 0;
};

// Worker -> control: a handshake message that passed length, mac1 and the load rule. Its contents
// are not authenticated.
struct HandshakeDatagram {
  Endpoint from;
  Instant received;
  bool is_answer = false;  // a response or a cookie reply
  uint16_t size = 0;
  std::array<uint8_t, kHandshakeBytesMax> bytes;
  std::span<const uint8_t> message() const { return {bytes.data(), size}; }
};

// Control -> worker: seal and send what is staged for this peer. The command shares ownership, so
// the slot exists even if the peer is removed meanwhile.
struct FlushStaged {
  std::shared_ptr<PeerSlot> peer;
};

// One worker's mailbox. The worker produces events and handshakes and consumes commands; control
// the reverse.
class WorkerLink {
 public:
  WorkerLink()
      : events(kEventQueueMax), handshakes(kHandshakeQueueMax), commands(kCommandQueueMax) {}

  SpscQueue<DataEvent> events;
  SpscQueue<HandshakeDatagram> handshakes;
  SpscQueue<FlushStaged> commands;

  // The event queue was full: control must look at every peer's pending_events.
  std::atomic<bool> events_overflowed{false};
  // The worker notes initiations whose mac1 was made with another server key than ours.
  SourceNote other_server_key;
  // Worker only: it has added something since it last woke control.
  bool control_has_news = false;

  // Worker: raises an event on a peer and queues the peer unless it is queued already.
  void Raise(PeerSlot& peer, DataEventKind kind) {
    if (peer.pending_events.fetch_or(kind) != 0) return;
    if (!events.TryPush(DataEvent{peer.id})) events_overflowed.store(true);
    control_has_news = true;
  }

  // Worker: a send to this peer failed because of the local address. Not level-triggered: lost if
  // the queue is full; the next failed send reports it again.
  void ReportUnusableSource(PeerId peer) {
    if (events.TryPush(DataEvent{peer, kSourceUnusable})) control_has_news = true;
  }
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_ROUTING_PLANE_MESSAGES_H_
