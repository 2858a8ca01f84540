#ifndef RINGWIRE_PLATFORM_CONTROL_CONTROL_LOOP_H_
#define RINGWIRE_PLATFORM_CONTROL_CONTROL_LOOP_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/control/control_plane.h"
#include "core/routing/shared_state.h"
#include "platform/base/event_fd.h"
#include "platform/base/event_poll.h"
#include "platform/control/boot_timer.h"
#include "platform/control/device_requests.h"
#include "platform/control/heap_trim.h"
#include "platform/control/listen_sockets.h"
#include "platform/control/machine_copy_watch.h"
#include "platform/control/plane_driver.h"
#include "platform/control/socket_source.h"
#include "platform/control/source_watch.h"
#include "platform/control/stamp_files.h"
#include "platform/control/stamp_keeper.h"
#include "platform/control/tool_sockets.h"
#include "platform/control/worker_group.h"
#include "platform/control/worker_pulse.h"
#include "platform/netlink/link_monitor.h"

namespace ringwire::platform {

struct ControlLoopOptions {
  std::string interface_name;
  std::string version;
  StampFiles stamps;
  ControlOptions control;
  crypto::AeadProviders aead_providers;  // for the workers
  CapabilityLadder* ladder = nullptr;    // of the device, the workers' as well; outlives the loop
  std::string network_namespace = {};    // of the interface, to be shown
  size_t handshake_threads = 0;          // beside the control thread
  // Opens later ports and sets marks; absent: this process itself.
  std::unique_ptr<SocketSource> socket_source = nullptr;
};

// The control thread of one device: waits for the workers' news, the clock, the sockets, the link
// and the signals, and calls the part that handles each. Everything is event-driven; an idle device
// costs no CPU time. It never waits for a client, a name or a peer.
//
// Use: construct, Open, the sources, StartWorkers, Run. All calls on one thread.
class ControlLoop {
 public:
  explicit ControlLoop(ControlLoopOptions options);
  ~ControlLoop() { workers_.Stop(); }
  ControlLoop(const ControlLoop&) = delete;
  ControlLoop& operator=(const ControlLoop&) = delete;

  absl::Status Open();
  // Starts every thread of the device. `listen` has the address of the workers' sockets.
  absl::Status StartWorkers(std::vector<WorkerOptions> workers, const ListenSockets& listen);
  // SIGTERM and SIGINT stop the device; SIGHUP is ignored, because there is no file to reload. All
  // are blocked in every thread already.
  absl::Status WatchSignals();
  // Instead of signals: `take` is called when `fd` is readable or closed, and the device stops when
  // it returns false.
  absl::Status WatchSupervisor(int fd, std::function<bool()> take);
  // Calls `call` once, when `fd` of WatchSupervisor is writable.
  void CallWhenWritable(int fd, std::function<void()> call);
  absl::Status FollowLink(LinkMonitor monitor);
  // Renews sessions if the virtual machine is a copy of another. If the kernel does not report
  // that, the device works without.
  absl::Status WatchForCopies();
  // The device stops when the socket's file is deleted.
  absl::Status ServeUapi(UnixListener listener);
  ToolSockets& sockets() { return sockets_; }
  void set_on_unanswered(PlaneDriver::OnUnanswered on_unanswered) {
    driver_.set_on_unanswered(std::move(on_unanswered));
  }

  // Calls `on_alive` at each interval, from now on, unless a worker hangs.
  void FeedWatchdog(absl::Duration interval, std::function<void()> on_alive);

  // Runs until the device stops. OK: a signal, or the interface or its control socket was deleted.
  // On return the workers have stopped and the state is saved.
  absl::Status Run();

  DeviceRequests& device() { return device_; }
  // After StartWorkers(), also when Run() has returned.
  UdpSocketsView udp_sockets() const;

 private:
  DeviceRequestsOptions MakeRequestsOptions(ControlLoopOptions* options);
  void CheckWorkers();
  void HandleDeadlines();
  void SweepSources(Instant now);
  void Beat(Instant now);
  void TakeSignal(int fd);
  void TakeLinkState();
  void Stop(absl::Status why, const std::string& log_line);

  const std::string interface_name_;
  EventPoll poll_;
  EventFd news_;  // raised by the workers
  BootTimer timer_;
  UniqueFd signals_;

  SharedState shared_;  // outlives what follows
  WorkerGroup workers_;
  PlaneDriver driver_;
  const size_t handshake_threads_;
  StampKeeper stamps_;
  DeviceRequests device_;
  ToolSockets sockets_;
  std::function<void()> when_writable_;
  std::optional<MachineCopyWatch> copy_watch_;
  std::optional<LinkMonitor> link_monitor_;
  bool lost_sight_logged_ = false;
  WorkerPulse pulse_;
  HeapTrim heap_trim_;
  std::optional<SourceWatch> source_watch_;  // set by Open()
  std::optional<absl::Status> stop_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_CONTROL_LOOP_H_
