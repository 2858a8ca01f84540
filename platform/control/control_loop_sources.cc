// Events that change or stop the device: signals, the link, the control socket's file, a failing
// worker.
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "platform/control/control_loop.h"
#include "platform/control/sockets/request_conversation.h"
#include "platform/control/sockets/status_requests.h"
#include "platform/control/sockets/uapi_conversation.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {

absl::Status ControlLoop::WatchSignals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set, signal);
  signals_ = UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.valid()) return absl::ErrnoToStatus(errno, "watch signals");
  return poll_.Add(signals_.get(), EPOLLIN, [this](uint32_t) { TakeSignal(signals_.get()); });
}

absl::Status ControlLoop::Watch(int fd, std::function<void()> on_readable) {
  return poll_.Add(fd, EPOLLIN,
                   [on_readable = std::move(on_readable)](uint32_t) { on_readable(); });
}

void ControlLoop::TakeSignal(int fd) {
  signalfd_siginfo signal{};
  if (::read(fd, &signal, sizeof(signal)) != sizeof(signal)) return;
  if (signal.ssi_signo != SIGHUP) {
    Stop(absl::OkStatus(), "stopping on a signal");
    return;
  }
  spdlog::warn("{}: reload: {}", interface_name_, DoWithoutFile({AdminVerb::kReload, {}}).text);
}

absl::Status ControlLoop::WatchSupervisor(int fd, std::function<bool()> take) {
  return poll_.Add(fd, EPOLLIN, [this, take = std::move(take)](uint32_t) {
    if (!take()) Stop(absl::OkStatus(), "");
  });
}

absl::Status ControlLoop::FollowLink(LinkMonitor monitor) {
  link_monitor_.emplace(std::move(monitor));
  TakeLinkState();
  return poll_.Add(link_monitor_->fd(), EPOLLIN, [this](uint32_t) { TakeLinkState(); });
}

void ControlLoop::TakeLinkState() {
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
  const Moment now = Now();
  if (state.mtu != link_.mtu) plane_.SetMtu(state.mtu);
  if (state.up != link_.up) {
    spdlog::info("{}: link {}", interface_name_, state.up ? "up" : "down");
    plane_.SetLinkUp(now.boot, now.wall, state.up, &out_);
    // Nothing was cleared while it was down.
    if (state.up) source_watch_->Changed(now.boot);
    CarryOut(now);
  }
  link_ = state;
}

absl::Status ControlLoop::WatchForCopies() {
  absl::StatusOr<MachineCopyWatch> watch = MachineCopyWatch::Open();
  if (!watch.ok()) {
    spdlog::debug("{}: will not notice when this machine is cloned: {}", interface_name_,
                  std::string(watch.status().message()));
    return absl::OkStatus();
  }
  copy_watch_.emplace(*std::move(watch));
  return poll_.Add(copy_watch_->fd(), EPOLLIN, [this](uint32_t) { TakeUevents(); });
}

void ControlLoop::TakeUevents() {
  if (!copy_watch_->Read()) return;
  const Moment now = Now();
  plane_.MachineWasCopied(now.boot, now.wall, &out_);
  CarryOut(now);
}

absl::Status ControlLoop::ServeUapi(UnixListener listener) {
  uapi_ = std::make_unique<SocketServer>(
      &poll_, std::move(listener), [this] { return std::make_unique<UapiConversation>(this); });
  absl::Status status = uapi_->Start();
  if (status.ok() && !uapi_->listener().path().empty()) status = WatchSocketFile();
  return status;
}

absl::Status ControlLoop::ServeStatus(UnixListener listener) {
  const auto serve = [this](std::string_view request, const RequestConversation::Reply& reply) {
    reply(AnswerStatusRequest(request, this));
  };
  status_ = std::make_unique<SocketServer>(&poll_, std::move(listener), [serve] {
    return std::make_unique<RequestConversation>(serve, nullptr);
  });
  return status_->Start();
}

absl::Status ControlLoop::ServeAdmin(UnixListener listener) {
  admin_ = std::make_unique<AdminServer>(
      &poll_, std::move(listener), [this](const AdminRequest& request, const AdminAnswer& answer) {
        answer(DoWithoutFile(request));
      });
  return admin_->Start();
}

absl::Status ControlLoop::WatchSocketFile() {
  const std::string& path = uapi_->listener().path();
  socket_file_watch_ = UniqueFd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  // A deletion shows as IN_ATTRIB (one link less): the open socket itself keeps the inode alive.
  const bool watched = socket_file_watch_.valid() &&
                       ::inotify_add_watch(socket_file_watch_.get(), path.c_str(),
                                           IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF) >= 0;
  if (!watched && errno != ENOENT) return absl::ErrnoToStatus(errno, "watch " + path);
  // Others could delete it before it was watched.
  if (!uapi_->listener().FileIsOurs()) StopWithoutSocketFile();
  return poll_.Add(socket_file_watch_.get(), EPOLLIN, [this](uint32_t) { TakeSocketFileEvents(); });
}

void ControlLoop::TakeSocketFileEvents() {
  alignas(inotify_event) std::array<char, 4096> events;
  bool moved = false;
  while (true) {
    const ssize_t size = ::read(socket_file_watch_.get(), events.data(), events.size());
    if (size <= 0) break;
    for (const char* next = events.data(); next < events.data() + size;) {
      const auto* const event = reinterpret_cast<const inotify_event*>(next);
      moved = moved || (event->mask & IN_MOVE_SELF) != 0;
      next += sizeof(inotify_event) + event->len;
    }
  }
  if (moved || !uapi_->listener().FileExists()) StopWithoutSocketFile();
}

void ControlLoop::StopWithoutSocketFile() {
  Stop(absl::OkStatus(), "the control socket was deleted");
}

void ControlLoop::CheckWorkers() {
  for (const auto& worker : workers_) {
    const std::optional<absl::Status> failure = worker->failure();
    if (!failure.has_value()) continue;
    // A worker also ends when its interface goes, and may notice before the notification is out.
    if (link_monitor_.has_value() && !link_monitor_->StillExists()) {
      Stop(absl::OkStatus(), "the interface was deleted");
      return;
    }
    Stop(*failure, "");
  }
}

}  // namespace ringwire::platform
