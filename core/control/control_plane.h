#ifndef RINGWIRE_CORE_CONTROL_CONTROL_PLANE_H_
#define RINGWIRE_CORE_CONTROL_CONTROL_PLANE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/counters.h"
#include "core/base/instant.h"
#include "core/device/device_update.h"
#include "core/noise/tai64n.h"
#include "core/routing/plane_messages.h"
#include "core/routing/shared_state.h"
#include "crypto/random.h"

namespace ringwire {

// A datagram that control wants sent: a handshake message or a keepalive.
struct OutgoingDatagram {
  PeerId peer;  // whom it is for; nobody (generation 0) when no peer is behind it
  Endpoint to;
  uint8_t tos = 0;
  uint16_t size = 0;
  std::array<uint8_t, kHandshakeBytesMax> bytes;
  std::span<const uint8_t> message() const { return {bytes.data(), size}; }
};

// A line for the operator's log. Never per packet, never a secret.
struct Notice {
  enum class Level : uint8_t { kDebug, kInfo, kWarning };
  Level level = Level::kInfo;
  std::string text;
};

// What a call decided, for the caller to carry out in this order: datagrams, then flushes, then the
// log and the rest. The caller clears it. Publishing to the workers has already happened when the
// call returns.
struct ControlOutput {
  std::vector<OutgoingDatagram> datagrams;
  std::vector<FlushStaged> flush_staged;
  std::vector<Notice> notices;
  // Peers that have left several initiations unanswered in a row, with every further one: where an
  // endpoint is a name, it may mean another address by now.
  std::vector<crypto::PublicKey> unanswered;
  void Clear();
};

// A peer that is sent to from a remembered address of ours.
struct CachedSource {
  PeerId peer;
  Endpoint endpoint;
};

// The greatest initiation timestamp that a peer has shown to one of our keys (rule 20).
struct HandshakeStamp {
  crypto::PublicKey local_public_key{};
  crypto::PublicKey peer_public_key{};
  Tai64n greatest;
};

// What the core must be told of the machine that it runs on.
struct ControlOptions {
  // AES-256-GCM is fast and constant-time here, and its self-test passed: it may be offered and
  // accepted.
  bool has_aes = false;
};

// Owns every peer, session, timer and setting of one device: the single writer of SharedState. It
// has no thread, clock or socket: the caller passes in what happened and carries out what comes
// back. `now` never goes backwards between calls; `wall_now` may. Thread-compatible: the control
// thread's.
class ControlPlane {
 public:
  // `shared`, `random` and `counters` outlive it. `counters` takes the drops of handshakes.
  ControlPlane(SharedState* shared, crypto::Random* random, WorkerCounters* counters,
               const ControlOptions& options = {});
  ~ControlPlane();

  // A handshake message that a worker let through. Drain all DataEvents first.
  void HandleDatagram(Instant now, absl::Time wall_now, const HandshakeDatagram& datagram,
                      ControlOutput* out);
  // A peer's pending events. An id that is no longer valid is ignored.
  void HandleEvent(Instant now, absl::Time wall_now, const DataEvent& event, ControlOutput* out);
  // After an overflow of an event queue: looks at every peer's pending events.
  void HandleAllEvents(Instant now, absl::Time wall_now, ControlOutput* out);
  // The next few of the peers for which something is due at `now`; NextDeadline() says whether
  // there are more, so that a crowd of them keeps nobody else waiting.
  void HandleTimeout(Instant now, absl::Time wall_now, ControlOutput* out);
  // When HandleTimeout wants to be called next; InfiniteFuture: not until something else happens.
  Instant NextDeadline() const;

  // Applies a whole change, or (on error) nothing of it. listen_port and fwmark are the caller's to
  // carry out before; here they are only remembered for Status().
  absl::Status Apply(Instant now, absl::Time wall_now, const DeviceUpdate& update,
                     ControlOutput* out);
  // The link was set up (handshakes and keepalives start) or down (sessions and staged packets go,
  // nothing is sent).
  void SetLinkUp(Instant now, absl::Time wall_now, bool up, ControlOutput* out);
  // This machine is a copy of one that may still run (a virtual machine was cloned or restored):
  // both have the same keys and would use the same counters. Nothing is sent any more under them,
  // and handshakes under way are dropped.
  void MachineWasCopied(Instant now, absl::Time wall_now, ControlOutput* out);
  void SetMtu(uint32_t mtu);
  void SetListenPort(uint16_t port);

  DeviceStatus Status(Instant now, absl::Time wall_now) const;
  size_t peer_count() const;
  // Appends the peers with a remembered source address, a piece of them at a time: looks at no more
  // than `peers` from `*cursor` (at first 0) on and moves it. False: that was the last piece. What
  // is added or removed between two pieces may be missed.
  bool ListSources(size_t peers, size_t* cursor, std::vector<CachedSource>* sources) const;

  // Rule 20. Restore before the first datagram; stamps of unknown peers are kept, so that adding a
  // peer again does not forget. stamps_version changes whenever a stamp does.
  void RestoreStamps(std::span<const HandshakeStamp> stamps);
  std::vector<HandshakeStamp> Stamps() const;
  uint64_t stamps_version() const;
  // Forgets what is remembered of a peer; false: nothing was.
  bool ForgetStamp(const crypto::PublicKey& peer);

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_CONTROL_PLANE_H_
