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
#include "core/control/handshake_work.h"
#include "core/device/device_update.h"
#include "core/noise/tai64n.h"
#include "core/routing/plane_messages.h"
#include "core/routing/shared_state.h"
#include "crypto/random.h"

namespace ringwire {

// A datagram for the caller to send: a handshake message, a keepalive or a path probe.
struct OutgoingDatagram {
  PeerId peer;  // the recipient; generation 0 if it is no peer
  Endpoint to;
  uint8_t tos = 0;
  uint16_t size = 0;
  std::array<uint8_t, kHandshakeBytesMax> bytes;
  std::vector<uint8_t> large;  // instead, for what does not fit `bytes`
  void Assign(std::span<const uint8_t> message);
  std::span<const uint8_t> message() const {
    return large.empty() ? std::span<const uint8_t>(bytes.data(), size) : large;
  }
};

// A line for the operator's log. Never per packet, never a secret.
struct Notice {
  enum class Level : uint8_t { kDebug, kInfo, kWarning };
  Level level = Level::kInfo;
  std::string text;
};

// The results of a call, which the caller carries out in this order: datagrams, then flushes, then
// the log and the rest. The caller clears it. The call itself has published changes to the workers.
struct ControlOutput {
  std::vector<OutgoingDatagram> datagrams;
  std::vector<FlushStaged> flush_staged;
  std::vector<Notice> notices;
  std::vector<std::unique_ptr<HandshakeWork>> work;  // see ControlPlane::DeferWork
  // Peers that left several initiations in a row unanswered, again with each further one: a name's
  // address may have changed.
  std::vector<crypto::PublicKey> unanswered;
  void Clear();
};

// A peer with a remembered source address.
struct CachedSource {
  PeerId peer;
  Endpoint endpoint;
};

// The greatest initiation timestamp of a peer for one of our keys (rule 20).
struct HandshakeStamp {
  crypto::PublicKey local_public_key{};
  crypto::PublicKey peer_public_key{};
  Tai64n greatest;
};

// The endpoint of a peer when a session with it was confirmed.
struct LiveEndpoint {
  crypto::PublicKey local_public_key{};
  crypto::PublicKey peer_public_key{};
  SocketAddress endpoint;
  absl::Time heard;
};

struct StampKey {
  crypto::PublicKey local_public_key{};
  crypto::PublicKey peer_public_key{};
};

// Changes of the stamps, for a file that keeps them: first the dropped ones, then the raised ones.
struct StampChanges {
  bool is_complete = false;  // `raised` is all there is, longest unused first
  std::vector<StampKey> dropped{};
  std::vector<HandshakeStamp> raised{};
  std::vector<LiveEndpoint> alive{};  // for ControlPlane::Resume
};

// Properties of the machine that core must know.
struct ControlOptions {
  // AES-256-GCM is fast and constant-time here, and its self-test passed: it may be offered and
  // accepted.
  bool has_aes = false;
  // false: a peer's path probes draw no answer but a keepalive, as from other implementations.
  bool answers_path_probes = true;
  // TakeStampChanges also returns the endpoints of confirmed sessions.
  bool keeps_endpoints = false;
};

// What a note says at `now`, for display.
StrayInitiations StrayAt(Instant now, const SourceNote& note);

// Owns every peer, session, timer and setting of one device: the single writer of SharedState. It
// has no thread, clock or socket: the caller passes in what happened and carries out what comes
// back. `now` never goes backwards between calls; `wall_now` may. Thread-compatible: for the
// control thread.
class ControlPlane {
 public:
  // `shared`, `random` and `counters` outlive it. `counters` takes the drops of handshakes.
  ControlPlane(SharedState* shared, crypto::Random* random, WorkerCounters* counters,
               const ControlOptions& options = {});
  ~ControlPlane();

  // Expensive steps of handshakes come out as ControlOutput::work, for other threads, instead of
  // being run in the call.
  void DeferWork();
  // Work whose step was run. Pass it in the order in which it came out. Drain all DataEvents first.
  void HandleWork(Instant now, absl::Time wall_now, std::unique_ptr<HandshakeWork> work,
                  ControlOutput* out);
  // After a restart: peers that were alive within the last three minutes get an initiation once
  // they are added and the link is up, a thousand peers a second, the one heard last first. Call
  // before the first Apply.
  void Resume(Instant now, absl::Time wall_now, std::span<const LiveEndpoint> endpoints);
  // A handshake message that a worker admitted. Drain all DataEvents first.
  void HandleDatagram(Instant now, absl::Time wall_now, const HandshakeDatagram& datagram,
                      ControlOutput* out);
  // A peer's pending events. An id that is no longer valid is ignored.
  void HandleEvent(Instant now, absl::Time wall_now, const DataEvent& event, ControlOutput* out);
  // After an overflow of an event queue: looks at every peer's pending events.
  void HandleAllEvents(Instant now, absl::Time wall_now, ControlOutput* out);
  // Handles the next few peers with something due at `now`. NextDeadline() tells whether there are
  // more, so that many due peers do not delay other work.
  void HandleTimeout(Instant now, absl::Time wall_now, ControlOutput* out);
  // When to call HandleTimeout next; InfiniteFuture: not before another call.
  Instant NextDeadline() const;

  // Whether Apply() takes the change (core/device/validate.h).
  absl::Status Validate(const DeviceUpdate& update) const;
  // Applies all of a change, or on error nothing. The caller applies listen_port and fwmark before;
  // this only keeps them for Status().
  absl::Status Apply(Instant now, absl::Time wall_now, const DeviceUpdate& update,
                     ControlOutput* out);
  // The link was set up (handshakes and keepalives start) or down (sessions and staged packets are
  // dropped, nothing is sent).
  void SetLinkUp(Instant now, absl::Time wall_now, bool up, ControlOutput* out);
  // This machine is a copy of one that may still run (a virtual machine was cloned or restored):
  // both have the same keys and would use the same counters. Stops sending under them and drops
  // handshakes under way.
  void MachineWasCopied(Instant now, absl::Time wall_now, ControlOutput* out);
  void SetMtu(uint32_t mtu);
  void SetListenPort(uint16_t port);

  // `Status` has all peers, which takes 0.1 s for a hundred thousand. `StatusWithoutPeers` has
  // none: ListPeers appends them piece by piece (ListPeersFunction) and examines at most `count`.
  DeviceStatus Status(Instant now, absl::Time wall_now) const;
  DeviceStatus StatusWithoutPeers(Instant now) const;
  bool ListPeers(Instant now, size_t count, size_t* cursor, std::vector<PeerStatus>* peers) const;
  size_t peer_count() const;
  // Appends peers with a remembered source address, piece by piece: examines at most `peers` from
  // `*cursor` (0 at first) on and moves it. False: that was the last piece. Peers added or removed
  // between two pieces may be missed.
  bool ListSources(size_t peers, size_t* cursor, std::vector<CachedSource>* sources) const;

  // Rule 20. Restore before the first datagram. Stamps of removed peers are kept for a day, so that
  // a peer that is added again keeps its stamp.
  void RestoreStamps(Instant now, std::span<const HandshakeStamp> stamps);
  bool HasStampChanges() const;
  // The changes since the last call. `all`: everything, for a new file.
  StampChanges TakeStampChanges(bool all);
  // Drops a peer's stamps; false: there were none.
  bool ForgetStamp(const crypto::PublicKey& peer);

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_CONTROL_PLANE_H_
