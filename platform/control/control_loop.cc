#include "platform/control/control_loop.h"

#include <malloc.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "core/base/status_macros.h"
#include "crypto/random.h"
#include "platform/base/clock.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {

ControlLoop::ControlLoop(ControlLoopOptions options)
    : interface_name_(std::move(options.interface_name)),
      workers_({interface_name_, &shared_, options.ladder, options.aead_providers,
                crypto::SystemRandom().Uint64()}),
      driver_(interface_name_, options.control, &shared_, &workers_, [this] { news_.Raise(); }),
      handshake_threads_(options.handshake_threads),
      stamps_(std::move(options.stamps), options.control.keeps_endpoints),
      device_(MakeRequestsOptions(&options)),
      sockets_(&poll_, &device_) {}

DeviceRequestsOptions ControlLoop::MakeRequestsOptions(ControlLoopOptions* options) {
  DeviceRequestsOptions requests;
  requests.interface_name = interface_name_;
  requests.version = std::move(options->version);
  requests.network_namespace = std::move(options->network_namespace);
  requests.aead_providers = options->aead_providers;
  requests.has_aes = options->control.has_aes;
  requests.ladder = options->ladder;
  requests.socket_source = options->socket_source != nullptr ? std::move(options->socket_source)
                                                             : std::make_unique<OwnSocketSource>();
  requests.driver = &driver_;
  requests.workers = &workers_;
  requests.asker = [this] { return sockets_.uapi_asker(); };
  requests.on_mark_changed = [this] { source_watch_->Changed(BootNow()); };
  return requests;
}

absl::Status ControlLoop::Open() {
  absl::Status status = timer_.Open();
  if (!status.ok()) return status;
  if (!news_.valid()) {
    return absl::ResourceExhaustedError("open the control thread's eventfd: no descriptor left");
  }
  ASSIGN_OR_RETURN(SourceWatch source_watch, SourceWatch::Open());
  source_watch_.emplace(std::move(source_watch));
  status = device_.Open();
  if (!status.ok()) return status;
  // Clear the counter before reading the queues: later entries wake again.
  status = poll_.Add(news_.get(), EPOLLIN, [this](uint32_t) {
    news_.Clear();
    CheckWorkers();
  });
  status.Update(poll_.Add(timer_.fd(), EPOLLIN, [this](uint32_t) { timer_.Clear(); }));
  status.Update(poll_.Add(source_watch_->fd(), EPOLLIN,
                          [this](uint32_t) { source_watch_->TakeNotifications(BootNow()); }));
  return status;
}

absl::Status ControlLoop::StartWorkers(std::vector<WorkerOptions> workers,
                                       const ListenSockets& listen) {
  // Not before: the process that has served the device writes its last ones when it stops.
  const Moment now = Moment::Now();
  stamps_.Restore(now.boot, now.wall, &driver_.plane());
  stamps_.StartThread();
  driver_.StartPool(handshake_threads_);
  device_.set_listen(listen);
  return workers_.Start(std::move(workers), [this] { news_.Raise(); });
}

UdpSocketsView ControlLoop::udp_sockets() const {
  return ViewOf(workers_.all(), device_.listen().port());
}

absl::Status ControlLoop::Run() {
  bool more_handshakes = false;
  while (!stop_.has_value()) {
    timer_.Arm(std::min(
        {driver_.due(), stamps_.due(), source_watch_->due(), pulse_.due(), sockets_.due()}));
    const absl::Status waited = poll_.Wait(/*may_block=*/!more_handshakes);
    if (!waited.ok()) Stop(waited, "");
    driver_.DrainEvents();
    more_handshakes = driver_.HandleHandshakes();
    HandleDeadlines();
  }
  sockets_.Close();
  workers_.Stop();
  stamps_.WriteLast(&driver_.plane());
  return *stop_;
}

void ControlLoop::Stop(absl::Status why, const std::string& log_line) {
  if (stop_.has_value()) return;
  if (!log_line.empty()) spdlog::info("{}: {}", interface_name_, log_line);
  stop_ = std::move(why);
}

void ControlLoop::HandleDeadlines() {
  driver_.HandleTimeout();
  const Instant now = BootNow();
  if (now >= source_watch_->due()) SweepSources(now);
  if (now >= pulse_.due()) Beat(now);
  stamps_.Note(now, driver_.plane());
  stamps_.WriteIfDue(now, &driver_.plane());
  sockets_.CloseStalled(now);

  // The plane's own deadlines bring us here while retired objects wait.
  if (shared_.quiescence.WantsQuiescence(now)) workers_.WakeAll();
  if (heap_trim_.TakeDue(device_.peer_count(), shared_.quiescence.retired_count())) {
    (void)::malloc_trim(0);
  }
}

void ControlLoop::SweepSources(Instant now) {
  const RouteLookup::Socket socket{device_.listen().port(), device_.listen().fwmark()};
  driver_.ForgetSources(source_watch_->Sweep(now, driver_.plane(), socket));
}

void ControlLoop::FeedWatchdog(absl::Duration interval, std::function<void()> on_alive) {
  pulse_.Start(interval, std::move(on_alive), BootNow());
}

void ControlLoop::Beat(Instant now) {
  std::vector<uint64_t> wakeups;
  for (const std::unique_ptr<Worker>& worker : workers_.all()) {
    wakeups.push_back(worker->counters().wakeups.value());
  }
  pulse_.Beat(now, std::move(wakeups));
  workers_.WakeAll();
}

void ControlLoop::CheckWorkers() {
  const std::optional<absl::Status> failure = workers_.Failure();
  if (!failure.has_value()) return;
  // A worker also ends when its interface goes, and may notice before the notification is out.
  if (link_monitor_.has_value() && !link_monitor_->StillExists()) {
    Stop(absl::OkStatus(), "the interface was deleted");
  } else {
    Stop(*failure, "");
  }
}

absl::Status ControlLoop::WatchSignals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set, signal);
  signals_ = UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.valid()) return absl::ErrnoToStatus(errno, "watch signals");
  return poll_.Add(signals_.get(), EPOLLIN, [this](uint32_t) { TakeSignal(signals_.get()); });
}

void ControlLoop::TakeSignal(int fd) {
  signalfd_siginfo signal{};
  if (::read(fd, &signal, sizeof(signal)) != sizeof(signal)) return;
  if (signal.ssi_signo != SIGHUP) {
    Stop(absl::OkStatus(), "stopping on a signal");
    return;
  }
  spdlog::warn("{}: reload: {}", interface_name_,
               DoWithoutFile({AdminVerb::kReload, {}}, &device_).text);
}

absl::Status ControlLoop::WatchSupervisor(int fd, std::function<bool()> take) {
  return poll_.Add(fd, EPOLLIN, [this, fd, take = std::move(take)](uint32_t events) {
    if ((events & EPOLLOUT) != 0) {
      poll_.Change(fd, EPOLLIN);
      std::exchange(when_writable_, nullptr)();
    }
    if ((events & ~EPOLLOUT) != 0 && !take()) Stop(absl::OkStatus(), "");
  });
}

void ControlLoop::CallWhenWritable(int fd, std::function<void()> call) {
  when_writable_ = std::move(call);
  poll_.Change(fd, EPOLLIN | EPOLLOUT);
}

absl::Status ControlLoop::ServeUapi(UnixListener listener) {
  return sockets_.ServeUapi(std::move(listener),
                            [this] { Stop(absl::OkStatus(), "the control socket was deleted"); });
}

absl::Status ControlLoop::WatchForCopies() {
  absl::StatusOr<MachineCopyWatch> watch = MachineCopyWatch::Open();
  if (!watch.ok()) {
    spdlog::debug("{}: will not notice when this machine is cloned: {}", interface_name_,
                  std::string(watch.status().message()));
    return absl::OkStatus();
  }
  copy_watch_.emplace(*std::move(watch));
  return poll_.Add(copy_watch_->fd(), EPOLLIN, [this](uint32_t) {
    if (copy_watch_->Read()) driver_.MachineWasCopied();
  });
}

absl::Status ControlLoop::FollowLink(LinkMonitor monitor) {
  link_monitor_.emplace(std::move(monitor));
  TakeLinkState();
  return poll_.Add(link_monitor_->fd(), EPOLLIN, [this](uint32_t) { TakeLinkState(); });
}

void ControlLoop::TakeLinkState() {
  const LinkState before = device_.link();
  const LinkState state = link_monitor_->Read();
  if (!state.exists) {
    Stop(absl::OkStatus(), "the interface was deleted");
    return;
  }
  if (link_monitor_->lost_sight() && !lost_sight_logged_) {
    lost_sight_logged_ = true;
    spdlog::warn("{}: moved to a network namespace where its link cannot be followed; taken as up",
                 interface_name_);
  }
  if (state.mtu != before.mtu) driver_.plane().SetMtu(state.mtu);
  if (state.up != before.up) {
    spdlog::info("{}: link {}", interface_name_, state.up ? "up" : "down");
    driver_.SetLinkUp(state.up);
    // Nothing was cleared while it was down.
    if (state.up) source_watch_->Changed(BootNow());
  }
  device_.set_link(state);
}

}  // namespace ringwire::platform
