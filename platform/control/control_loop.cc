#include "platform/control/control_loop.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

#include "core/base/limits.h"
#include "platform/base/clock.h"
#include "spdlog/spdlog.h"

// The loop itself: news, deadlines, and the results of the control plane. Requests are in
// control_loop_requests.cc, sources that may stop the device in control_loop_sources.cc.
namespace ringwire::platform {
namespace {

// Handshakes in a row (about 0.2 ms each) before the other sources are served.
constexpr int kHandshakesInARow = 64;
// When to retry commands that no queue had room for.
const absl::Duration kFlushRetryInterval = absl::Milliseconds(1);

void ReadCounter(int fd) {
  uint64_t count = 0;
  // A failure needs no action: the next event repeats it.
  [[maybe_unused]] const ssize_t size = ::read(fd, &count, sizeof(count));
}

}  // namespace

ControlLoop::Moment ControlLoop::Now() {
  timespec wall{};
  ::clock_gettime(CLOCK_REALTIME, &wall);
  return {BootNow(), absl::TimeFromTimespec(wall)};
}

ControlLoop::ControlLoop(ControlLoopOptions options)
    : interface_name_(std::move(options.interface_name)),
      version_(std::move(options.version)),
      network_namespace_(std::move(options.network_namespace)),
      aead_providers_(options.aead_providers),
      has_aes_(options.control.has_aes),
      ladder_(options.ladder),
      socket_source_(options.socket_source != nullptr ? std::move(options.socket_source)
                                                      : std::make_unique<OwnSocketSource>()),
      plane_(&shared_, &random_, &counters_, options.control),
      stamps_(std::move(options.stamps)) {}

ControlLoop::~ControlLoop() {
  for (const auto& worker : workers_) worker->Stop();
}

absl::Status ControlLoop::Open() {
  timer_ = UniqueFd(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer_.valid()) return absl::ErrnoToStatus(errno, "open the control thread's timer");
  if (!news_.valid()) {
    return absl::ResourceExhaustedError("open the control thread's eventfd: no descriptor left");
  }
  absl::StatusOr<SourceWatch> source_watch = SourceWatch::Open();
  if (!source_watch.ok()) return source_watch.status();
  source_watch_.emplace(*std::move(source_watch));
  absl::StatusOr<Netlink> names = Netlink::Open();
  if (!names.ok()) return names.status();
  names_.emplace(*std::move(names));
  absl::Status status = poll_.Add(news_.get(), EPOLLIN, [this](uint32_t) { TakeNews(); });
  status.Update(poll_.Add(timer_.get(), EPOLLIN, [this](uint32_t) {
    ReadCounter(timer_.get());
    armed_for_ = Instant::InfiniteFuture();
  }));
  status.Update(poll_.Add(source_watch_->fd(), EPOLLIN,
                          [this](uint32_t) { source_watch_->TakeNotifications(Now().boot); }));
  if (status.ok()) stamps_.Restore(&plane_);
  return status;
}

absl::Status ControlLoop::StartWorkers(std::vector<WorkerOptions> workers,
                                       const ListenSockets& listen) {
  stamps_.StartThread();
  listen_ = listen;
  plane_.SetListenPort(listen.port());
  const bool epoll_allowed = std::ranges::any_of(
      workers, [](const WorkerOptions& options) { return options.epoll_allowed; });
  for (WorkerOptions& options : workers) {
    options.shared = &shared_;
    options.load_sources = &load_sources_;
    options.aead_providers = aead_providers_;
    options.wake_control = [this] { Wake(); };
    workers_.push_back(std::make_unique<Worker>(std::move(options)));
  }
  const absl::Status started = StartAllWorkers();
  if (started.ok() || !epoll_allowed) return started;
  spdlog::info("{}: io_uring does not start for {} workers, epoll is used: {}", interface_name_,
               workers_.size(), std::string(started.message()));
  // All of them, so that the device has one backend.
  for (const auto& worker : workers_) worker->Stop();
  for (const auto& worker : workers_) worker->UseEpoll();
  LeaveMultishotUnused(ladder_);
  return StartAllWorkers();
}

absl::Status ControlLoop::StartAllWorkers() {
  for (const auto& worker : workers_) {
    const absl::Status status = worker->Start();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status ControlLoop::Run() {
  bool more_handshakes = false;
  while (!stop_.has_value()) {
    ArmTimer();
    const absl::Status waited = poll_.Wait(/*may_block=*/!more_handshakes);
    if (!waited.ok()) Stop(waited, "");
    DrainEvents();
    more_handshakes = HandleHandshakes();
    HandleDeadlines();
  }
  uapi_.reset();
  status_.reset();
  for (const auto& worker : workers_) worker->Stop();
  stamps_.WriteLast(plane_);
  return *stop_;
}

void ControlLoop::Stop(absl::Status why, const std::string& log_line) {
  if (stop_.has_value()) return;
  if (!log_line.empty()) spdlog::info("{}: {}", interface_name_, log_line);
  stop_ = std::move(why);
}

void ControlLoop::Wake() { news_.Raise(); }

void ControlLoop::Post(std::function<void()> function) {
  {
    MutexLock lock(&posted_mutex_);
    posted_.push_back(std::move(function));
  }
  Wake();
}

// Clear the counter before reading the queues: later entries wake again.
void ControlLoop::TakeNews() {
  news_.Clear();
  RunPosted();
  CheckWorkers();
}

void ControlLoop::RunPosted() {
  std::vector<std::function<void()>> posted;
  {
    MutexLock lock(&posted_mutex_);
    posted.swap(posted_);
  }
  for (const auto& function : posted) function();
}

void ControlLoop::DrainEvents() {
  const Moment now = Now();
  for (const auto& worker : workers_) {
    WorkerLink& link = worker->link();
    if (link.events_overflowed.exchange(false)) {
      plane_.HandleAllEvents(now.boot, now.wall, &out_);
    }
    DataEvent event;
    // Bounded: a worker that raises events as fast as they are taken must not keep the thread here.
    for (size_t i = 0; i < kEventQueueMax && link.events.TryPop(&event); ++i) {
      plane_.HandleEvent(now.boot, now.wall, event, &out_);
    }
  }
  CarryOut(now);
}

bool ControlLoop::HandleHandshakes() {
  HandshakeDatagram datagram;
  for (int i = 0; i < kHandshakesInARow; ++i) {
    if (!PopHandshake(&datagram)) return false;
    const Moment now = Now();
    plane_.HandleDatagram(now.boot, now.wall, datagram, &out_);
    CarryOut(now);
    DrainEvents();
  }
  return true;
}

bool ControlLoop::PopHandshake(HandshakeDatagram* datagram) {
  for (size_t i = 0; i < workers_.size(); ++i) {
    const size_t worker = (next_handshake_worker_ + i) % workers_.size();
    if (!workers_[worker]->link().handshakes.TryPop(datagram)) continue;
    next_handshake_worker_ = worker + 1;
    return true;
  }
  return false;
}

void ControlLoop::HandleDeadlines() {
  const Moment now = Now();
  if (now.boot >= plane_.NextDeadline()) {
    plane_.HandleTimeout(now.boot, now.wall, &out_);
    CarryOut(now);
  }
  if (now.boot >= source_watch_->due()) SweepSources(now);
  stamps_.Note(now.boot, plane_);
  stamps_.WriteIfDue(now.boot, plane_);

  // The plane's own deadlines bring us here while retired objects wait.
  if (shared_.quiescence.WantsQuiescence(now.boot)) {
    for (const auto& worker : workers_) worker->Wake();
  }
}

void ControlLoop::SweepSources(Moment now) {
  const RouteLookup::Socket socket{listen_.port(), listen_.fwmark()};
  for (const PeerId peer : source_watch_->Sweep(now.boot, plane_, socket)) {
    plane_.HandleEvent(now.boot, now.wall, DataEvent{peer, kSourceUnusable}, &out_);
  }
  CarryOut(now);
}

void ControlLoop::ArmTimer() {
  Instant due = std::min({plane_.NextDeadline(), stamps_.due(), source_watch_->due()});
  if (!flushes_.empty()) due = std::min(due, BootNow() + kFlushRetryInterval);
  if (due == armed_for_) return;
  armed_for_ = due;
  itimerspec setting{};  // all zeros disarm
  if (!due.IsInfiniteFuture()) {
    // A deadline in the past still has to fire.
    const int64_t ns = std::max<int64_t>(due.nanoseconds(), 1);
    setting.it_value.tv_sec = ns / 1'000'000'000;
    setting.it_value.tv_nsec = ns % 1'000'000'000;
  }
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &setting, nullptr);
}

void ControlLoop::CarryOut(Moment now) {
  if (out_.datagrams.empty() && out_.flush_staged.empty() && out_.notices.empty() &&
      flushes_.empty() && out_.unanswered.empty()) {
    return;
  }
  SendDatagrams(now);
  for (FlushStaged& flush : out_.flush_staged) flushes_.push_back(std::move(flush));
  PushFlushes();
  LogNotices();
  if (on_unanswered_ != nullptr && !out_.unanswered.empty()) on_unanswered_(out_.unanswered);
  out_.Clear();
}

// A failed source address may make the plane send again; a second failure waits for the next send.
void ControlLoop::SendDatagrams(Moment now) {
  std::vector<PeerId> unusable;
  for (const OutgoingDatagram& datagram : out_.datagrams) {
    bool source_unusable = false;
    const absl::Status sent = SendDatagram(workers_.front()->sockets(), datagram.to, datagram.tos,
                                           datagram.message(), &source_unusable);
    if (!sent.ok()) {
      counters_.Drop(DropReason::kSendFailed);
      spdlog::debug("{}: {}", interface_name_, std::string(sent.message()));
    }
    if (source_unusable && datagram.peer.generation != 0) unusable.push_back(datagram.peer);
  }
  out_.datagrams.clear();
  for (const PeerId peer : unusable) {
    plane_.HandleEvent(now.boot, now.wall, DataEvent{peer, kSourceUnusable}, &out_);
  }
}

void ControlLoop::PushFlushes() {
  while (!flushes_.empty() && PushFlush(&flushes_.front())) flushes_.pop_front();
}

// One peer's packets always go to the same worker, unless its queue is full.
bool ControlLoop::PushFlush(FlushStaged* flush) {
  for (size_t i = 0; i < workers_.size(); ++i) {
    Worker& worker = *workers_[(flush->peer->id.index + i) % workers_.size()];
    if (!worker.link().commands.TryPush(std::move(*flush))) continue;
    worker.Wake();
    return true;
  }
  return false;
}

void ControlLoop::LogNotices() {
  for (const Notice& notice : out_.notices) {
    switch (notice.level) {
      case Notice::Level::kDebug:
        spdlog::debug("{}: {}", interface_name_, notice.text);
        break;
      case Notice::Level::kInfo:
        spdlog::info("{}: {}", interface_name_, notice.text);
        break;
      case Notice::Level::kWarning:
        spdlog::warn("{}: {}", interface_name_, notice.text);
        break;
    }
  }
}

}  // namespace ringwire::platform
