#ifndef RINGWIRE_PLATFORM_CONTROL_CONTROL_LOOP_H_
#define RINGWIRE_PLATFORM_CONTROL_CONTROL_LOOP_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/counters.h"
#include "core/base/mutex.h"
#include "core/control/control_plane.h"
#include "core/datapath/load_sources.h"
#include "core/routing/shared_state.h"
#include "crypto/random.h"
#include "platform/base/event_fd.h"
#include "platform/base/event_poll.h"
#include "platform/control/listen_sockets.h"
#include "platform/control/machine_copy_watch.h"
#include "platform/control/socket_source.h"
#include "platform/control/sockets/admin_server.h"
#include "platform/control/sockets/device_control.h"
#include "platform/control/sockets/socket_server.h"
#include "platform/control/sockets/unix_listener.h"
#include "platform/control/source_watch.h"
#include "platform/control/stamp_files.h"
#include "platform/control/stamp_keeper.h"
#include "platform/netlink/link_monitor.h"
#include "platform/worker/worker.h"

namespace ringwire::platform {

struct ControlLoopOptions {
  std::string interface_name;
  std::string version;
  StampFiles stamps;
  ControlOptions control;
  crypto::AeadProviders aead_providers;  // for the workers
  CapabilityLadder* ladder = nullptr;    // of the device, the workers' as well; outlives the loop
  std::string network_namespace = {};    // of the interface, to be shown
  // Opens later ports and sets marks; absent: this process itself.
  std::unique_ptr<SocketSource> socket_source = nullptr;
};

// The control thread of one device. It runs the control plane on the thread that calls Run() and
// serves the workers' news, the clock, the sockets, the link and the signals. Everything is
// event-driven; an idle device costs no CPU time.
//
// Priority: all data events of all workers are drained before each handshake, and handshakes are
// taken from the workers in turn. It never waits for a client, a name or a peer.
//
// Use: construct, AddWorkers, StartWorkers, the other sources, Run. All calls on one thread, except
// Post and Wake.
class ControlLoop final : public DeviceControl {
 public:
  explicit ControlLoop(ControlLoopOptions options);
  ~ControlLoop() override;
  ControlLoop(const ControlLoop&) = delete;
  ControlLoop& operator=(const ControlLoop&) = delete;

  absl::Status Open();
  // Starts every thread of the device. Every worker is made before the first one starts. `listen`
  // has the address of their sockets. If io_uring does not start and the workers' options allow it,
  // all workers use epoll.
  absl::Status StartWorkers(std::vector<WorkerOptions> workers, const ListenSockets& listen);
  // SIGTERM and SIGINT stop the device; SIGHUP is ignored, because there is no file to reload. All
  // are blocked in every thread already.
  absl::Status WatchSignals();
  // Instead of signals: `take` is called when `fd` is readable or closed, and the device stops when
  // it returns false.
  absl::Status WatchSupervisor(int fd, std::function<bool()> take);
  absl::Status FollowLink(LinkMonitor monitor);
  // Renews sessions if the virtual machine is a copy of another. If the kernel does not report
  // that, the device works without.
  absl::Status WatchForCopies();
  // The device stops when the socket's file is deleted.
  absl::Status ServeUapi(UnixListener listener);
  absl::Status ServeStatus(UnixListener listener);
  // For a device without a supervisor: it serves forget, and has no file to reload or save.
  absl::Status ServeAdmin(UnixListener listener);

  // For `show`: the missing walls around this process.
  void set_missing_walls(std::vector<std::string> lines) { missing_walls_ = std::move(lines); }
  // Called for peers that leave initiations unanswered (ControlOutput::unanswered).
  void set_on_unanswered(std::function<void(std::span<const crypto::PublicKey>)> on_unanswered) {
    on_unanswered_ = std::move(on_unanswered);
  }
  // Calls `on_readable` on the control thread while `fd` is readable. `fd` outlives Run().
  absl::Status Watch(int fd, std::function<void()> on_readable);

  // Runs until the device stops. OK: a signal, or the interface or its control socket was deleted.
  // On return the workers have stopped and the state is saved.
  absl::Status Run();

  // Any thread: runs `function` on the control thread.
  void Post(std::function<void()> function);

  DeviceStatus Status() override;
  UapiError Apply(const DeviceUpdate& update) override;
  StatusReport Report() override;
  uint32_t InterfaceIndex(const std::string& name) override;
  bool Forget(const crypto::PublicKey& peer) override;

 private:
  struct Moment {
    Instant boot;
    absl::Time wall;
  };
  static Moment Now();

  void Wake();
  absl::Status StartAllWorkers();
  void TakeNews();
  void RunPosted();
  void CheckWorkers();
  void DrainEvents();
  // Handles at most a batch, so that sockets and timers are served in between; false when all are
  // done.
  bool HandleHandshakes();
  bool PopHandshake(HandshakeDatagram* datagram);
  void HandleDeadlines();
  void SweepSources(Moment now);
  void ArmTimer();
  void CarryOut(Moment now);
  void SendDatagrams(Moment now);
  void PushFlushes();
  bool PushFlush(FlushStaged* flush);
  void LogNotices();
  void TakeSignal(int fd);
  AdminResult DoWithoutFile(const AdminRequest& request);
  void TakeLinkState();
  void TakeUevents();
  absl::Status WatchSocketFile();
  void TakeSocketFileEvents();
  void StopWithoutSocketFile();
  void Stop(absl::Status why, const std::string& log_line);

  const std::string interface_name_;
  const std::string version_;
  const std::string network_namespace_;
  const crypto::AeadProviders aead_providers_;
  const bool has_aes_;
  CapabilityLadder* const ladder_;
  const std::unique_ptr<SocketSource> socket_source_;
  EventPoll poll_;
  EventFd news_;    // raised by the workers and by Post
  UniqueFd timer_;  // CLOCK_BOOTTIME
  UniqueFd signals_;
  UniqueFd socket_file_watch_;  // inotify

  SharedState shared_;
  crypto::SystemRandom random_;
  LoadSources load_sources_{random_.Uint64()};  // of all workers
  WorkerCounters counters_;
  ControlPlane plane_;
  StampKeeper stamps_;
  ControlOutput out_;
  ListenSockets listen_;
  std::vector<std::unique_ptr<Worker>> workers_;  // after shared_: they stop first
  size_t next_handshake_worker_ = 0;
  std::deque<FlushStaged> flushes_;  // to be pushed: normally none for longer than a call
  Instant armed_for_ = Instant::InfiniteFuture();

  std::optional<MachineCopyWatch> copy_watch_;
  std::optional<LinkMonitor> link_monitor_;
  LinkState link_;
  bool lost_sight_logged_ = false;
  std::optional<SourceWatch> source_watch_;  // set by Open()
  std::optional<Netlink> names_;             // likewise: asked for interfaces by name
  std::unique_ptr<SocketServer> uapi_;
  std::unique_ptr<SocketServer> status_;
  std::unique_ptr<AdminServer> admin_;
  std::function<void(std::span<const crypto::PublicKey>)> on_unanswered_;
  std::vector<std::string> missing_walls_;
  std::optional<absl::Status> stop_;

  Mutex posted_mutex_;
  std::vector<std::function<void()>> posted_ ABSL_GUARDED_BY(posted_mutex_);
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_CONTROL_LOOP_H_
