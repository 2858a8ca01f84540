#ifndef RINGWIRE_PLATFORM_WORKER_WORKER_H_
#define RINGWIRE_PLATFORM_WORKER_WORKER_H_

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "absl/status/status.h"
#include "core/base/counters.h"
#include "core/base/mutex.h"
#include "core/datapath/inbound.h"
#include "core/datapath/load_sources.h"
#include "core/datapath/outbound.h"
#include "core/routing/plane_messages.h"
#include "core/routing/shared_state.h"
#include "crypto/aead.h"
#include "crypto/random.h"
#include "platform/io/backend_factory.h"
#include "platform/udp/udp_socket.h"
#include "platform/worker/spin_policy.h"

namespace ringwire::platform {

struct WorkerOptions {
  size_t index = 0;
  UniqueFd tun_queue;
  UdpSockets sockets;
  bool io_uring = false;               // else epoll
  bool epoll_allowed = false;          // where io_uring cannot start
  std::shared_ptr<Ring> ring;          // see BackendOptions
  CapabilityLadder* ladder = nullptr;  // of the device; outlives the worker
  InboundOptions inbound;              // what the TUN device takes
  crypto::AeadProviders aead_providers;
  BusyPoll busy_poll = BusyPoll::kAuto;
  size_t cpus = 0;      // for all threads together
  int pin_to_cpu = -1;  // -1: the scheduler chooses
  SharedState* shared = nullptr;
  LoadSources* load_sources = nullptr;  // of the device; outlives the worker
  // Called on the worker's thread when control has something to read (a write to its eventfd), and
  // after the worker stopped with an error (the device is gone).
  std::function<void()> wake_control;
};

// One thread that owns a TUN queue, a pair of UDP sockets and an I/O backend, and runs packets to
// completion: read batch, crypto, write batch. Knows nothing of handshakes, timers and settings.
// The control thread constructs, starts and stops it; all else runs on its own thread.
class Worker {
 public:
  explicit Worker(WorkerOptions options);
  ~Worker();  // stops
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Returns when the thread waits for packets, or with the reason why it cannot.
  absl::Status Start();
  void Stop();
  // Works with epoll from the next Start on. Only while the thread does not run.
  void UseEpoll();

  // Control's side of the mailbox; after putting commands in, Wake().
  WorkerLink& link() { return link_; }
  void Wake();
  const WorkerCounters& counters() const { return counters_; }
  std::string_view backend_name() const { return backend_->name(); }
  // That the thread has used; zero while it does not run. Control's thread.
  absl::Duration CpuTime() const;
  // The sockets, for control's own sends (SendDatagram is thread-safe). Control is the one that
  // replaces them.
  const UdpSockets& sockets() const { return options_.sockets; }
  // Control: passes new sockets and returns when the worker uses them and has closed the old ones.
  absl::Status ReplaceSockets(UdpSockets sockets);
  // Set when the thread ended by itself; the reason, for the log.
  std::optional<absl::Status> failure() const;

 private:
  struct SocketChange;
  BackendOptions MakeBackendOptions();
  void Run(std::promise<absl::Status>* started);
  absl::Status RunOnce();
  // Waits for a batch or a wake: polls for a while, then blocks.
  absl::Status AwaitInput();
  bool HasInput() const;
  // The reader is online during the next two.
  absl::Status TakeCommands(Instant now);
  absl::Status ProcessBatches(Instant now);
  // Sends what `outbound_` holds, now, so that its arena can be filled again.
  absl::Status SendNow();
  absl::Status TakeSocketChange();
  void Fail(const absl::Status& why);

  WorkerOptions options_;
  WorkerLink link_;
  WorkerCounters counters_;
  crypto::SystemRandom random_;
  crypto::AeadEngine engine_;
  QuiescenceDomain::Reader* const reader_;
  std::unique_ptr<IoBackend> backend_;
  Outbound outbound_;
  Inbound inbound_;
  SpinPolicy spin_;
  bool had_work_ = false;      // in the last turn
  size_t frames_put_off_ = 0;  // of this turn, to the next
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  bool merging_stopped_ = false;  // superpackets to TUN

  mutable Mutex mutex_;
  SocketChange* socket_change_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::atomic<bool> has_socket_change_{false};
  std::optional<absl::Status> failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_WORKER_WORKER_H_
