#ifndef RINGWIRE_PLATFORM_CONTROL_PLANE_DRIVER_H_
#define RINGWIRE_PLATFORM_CONTROL_PLANE_DRIVER_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/counters.h"
#include "core/base/instant.h"
#include "core/control/control_plane.h"
#include "core/control/handshake_queue.h"
#include "core/routing/shared_state.h"
#include "crypto/random.h"
#include "platform/control/handshake_pool.h"
#include "platform/control/worker_group.h"

namespace ringwire::platform {

// Both clocks, read together.
struct Moment {
  Instant boot;
  absl::Time wall;
  static Moment Now();
};

// Calls the control plane with the workers' news and the time, and carries out the results: it
// sends datagrams, passes commands to the workers, and writes the log. For the control thread.
class PlaneDriver {
 public:
  using OnUnanswered = std::function<void(std::span<const crypto::PublicKey>)>;

  // `shared` and `workers` outlive it. `wake` is called on any thread when HandleHandshakes has
  // something to do.
  PlaneDriver(std::string interface_name, const ControlOptions& options, SharedState* shared,
              WorkerGroup* workers, std::function<void()> wake);
  // Has expensive steps of handshakes run on other threads from now on, `threads` at most. Without
  // any, or if the system allows none, control runs them itself.
  void StartPool(size_t threads);

  ControlPlane& plane() { return plane_; }
  const ControlPlane& plane() const { return plane_; }
  const WorkerCounters& counters() const { return counters_; }  // of control itself
  // Called for peers that leave initiations unanswered (ControlOutput::unanswered).
  void set_on_unanswered(OnUnanswered on_unanswered) { on_unanswered_ = std::move(on_unanswered); }

  // Takes all events that the workers have raised.
  void DrainEvents();
  // Handles at most a batch of handshake messages, so that sockets and timers are served in
  // between. All events are drained before each message. False: nothing is left to do before the
  // next wake.
  bool HandleHandshakes();
  void HandleTimeout();
  // When to call HandleTimeout; InfiniteFuture: not before another call.
  Instant due() const;

  // The calls of ControlPlane with the same names.
  absl::Status Apply(const DeviceUpdate& update);
  void SetLinkUp(bool up);
  void MachineWasCopied();
  // The remembered source addresses of these peers cannot be used any more.
  void ForgetSources(std::span<const PeerId> peers);

 private:
  void HandleWork();
  // Moves what the workers have admitted into the queue.
  void PullHandshakes(Instant now);
  void CarryOut(Moment now);
  void SendDatagrams(Moment now);
  void PushFlushes();
  void LogNotices();

  const std::string interface_name_;
  WorkerGroup* const workers_;
  crypto::SystemRandom random_;
  WorkerCounters counters_;
  ControlPlane plane_;
  HandshakeQueue handshakes_;
  ControlOutput out_;
  std::deque<FlushStaged> flushes_;  // to be pushed: normally none for longer than a call
  OnUnanswered on_unanswered_;
  HandshakePool pool_;  // ends first
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_PLANE_DRIVER_H_
