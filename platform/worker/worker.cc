#include "platform/worker/worker.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>

#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/base/status_macros.h"
#include "platform/base/clock.h"
#include "platform/base/start_thread.h"
#include "platform/worker/turn_budget.h"

namespace ringwire::platform {

namespace {

uint64_t InvoluntarySwitches() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return static_cast<uint64_t>(usage.ru_nivcsw);
}

}  // namespace

// New sockets for the worker's thread, and its answer.
struct Worker::SocketChange {
  UdpSockets sockets;
  std::promise<absl::Status> done;
};

Worker::Worker(WorkerOptions options)
    : options_(std::move(options)),
      engine_(options_.aead_providers),
      reader_(options_.shared->quiescence.AddReader()),
      outbound_(options_.shared, &link_, &engine_, &counters_),
      inbound_(options_.shared, &link_, &engine_, &random_, &counters_, options_.load_sources,
               options_.inbound),
      spin_(options_.busy_poll, options_.cpus) {
  const BackendOptions backend = MakeBackendOptions();
  backend_ = options_.io_uring ? MakeIoUringBackend(backend) : MakeEpollBackend(backend);
}

Worker::~Worker() { Stop(); }

BackendOptions Worker::MakeBackendOptions() {
  BackendOptions backend;
  backend.tun_fd = options_.tun_queue.get();
  backend.udp_v4_fd = options_.sockets.v4.get();
  backend.udp_v6_fd = options_.sockets.v6.get();
  backend.counters = &counters_;
  backend.ring = options_.ring;
  backend.ladder = options_.ladder;
  return backend;
}

absl::Status Worker::Start() {
  stopping_.store(false);
  std::promise<absl::Status> started;
  std::future<absl::Status> result = started.get_future();
  absl::StatusOr<std::thread> thread = StartThread([this, &started] { Run(&started); });
  if (!thread.ok()) return thread.status();
  thread_ = *std::move(thread);
  absl::Status status = result.get();
  if (!status.ok()) thread_.join();
  return status;
}

void Worker::Stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true);
  backend_->Wake();
  thread_.join();
}

absl::Duration Worker::CpuTime() const {
  clockid_t clock{};
  timespec used{};
  auto& thread = const_cast<std::thread&>(thread_);  // native_handle() changes nothing
  if (!thread.joinable() || ::pthread_getcpuclockid(thread.native_handle(), &clock) != 0 ||
      ::clock_gettime(clock, &used) != 0) {
    return absl::ZeroDuration();
  }
  return absl::DurationFromTimespec(used);
}

bool Worker::HasInput() const {
  return !backend_->tun_batch().empty() || !backend_->udp_batch().empty();
}

void Worker::UseEpoll() {
  options_.ring.reset();
  backend_ = MakeEpollBackend(MakeBackendOptions());
}

void Worker::Wake() { backend_->Wake(); }

absl::Status Worker::ReplaceSockets(UdpSockets sockets) {
  SocketChange change{std::move(sockets), {}};
  std::future<absl::Status> done = change.done.get_future();
  {
    MutexLock lock(&mutex_);
    if (failure_) return *failure_;
    socket_change_ = &change;
    has_socket_change_.store(true);
  }
  backend_->Wake();
  return done.get();
}

std::optional<absl::Status> Worker::failure() const {
  MutexLock lock(&mutex_);
  return failure_;
}

void Worker::Run(std::promise<absl::Status>* started) {
  const std::string name = "rw-worker-" + std::to_string(options_.index);
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
  if (options_.pin_to_cpu >= 0) {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(static_cast<size_t>(options_.pin_to_cpu), &cpus);
    pthread_setaffinity_np(pthread_self(), sizeof cpus,
                           &cpus);  // if refused, the scheduler chooses the CPU
  }
  const absl::Status start = backend_->Start();
  started->set_value(start);  // `started` is invalid from here on
  if (!start.ok()) return;
  while (!stopping_.load()) {
    if (const absl::Status status = RunOnce(); !status.ok()) {
      Fail(status);
      break;
    }
  }
  backend_->Stop();
}

absl::Status Worker::RunOnce() {
  if (has_socket_change_.load()) {
    RETURN_IF_ERROR(TakeSocketChange());
  }
  RETURN_IF_ERROR(AwaitInput());
  counters_.wakeups.Add();
  had_work_ = HasInput();
  // Offline while it waits: an idle worker never delays the reclaiming of retired objects.
  reader_->Online();
  const Instant now = BootNow();
  absl::Status status = TakeCommands(now);
  if (status.ok()) status = ProcessBatches(now);
  reader_->Offline();
  for (const PeerId peer : backend_->unusable_sources()) link_.ReportUnusableSource(peer);
  backend_->ReleaseBut(std::exchange(frames_put_off_, 0));
  if (!merging_stopped_ && !options_.ladder->IsOn(Offload::kTunGsoWrite)) {
    merging_stopped_ = true;
    inbound_.StopMerging();
  }
  if (std::exchange(link_.control_has_news, false)) options_.wake_control();
  return status;
}

absl::Status Worker::AwaitInput() {
  if (!spin_.enabled()) return backend_->Wait();
  const Instant now = BootNow();
  if (spin_.WantsSwitches(now)) spin_.SetSwitches(now, InvoluntarySwitches());
  const absl::Duration spin = spin_.SpinFor(now, had_work_);
  if (spin == absl::ZeroDuration()) return backend_->Wait();
  counters_.spins.Add();
  const Instant end = now + spin;
  do {
    // The first poll sends what is queued. A wake is not seen here, but by the next Wait().
    RETURN_IF_ERROR(backend_->Flush());
    if (HasInput()) {
      counters_.spins_that_found.Add();
      spin_.Spun(true);
      return absl::OkStatus();
    }
  } while (BootNow() < end);
  spin_.Spun(false);
  return backend_->Wait();
}

absl::Status Worker::TakeCommands(Instant now) {
  // AwaitInput() has sent the batch of the last turn: nothing of it may be sent with this one's.
  outbound_.Reset();
  FlushStaged command;
  while (link_.commands.TryPop(&command)) {
    bool all = false;
    while (!all) {
      all = outbound_.FlushStaged(now, *command.peer);
      RETURN_IF_ERROR(SendNow());
    }
  }
  return absl::OkStatus();
}

absl::Status Worker::ProcessBatches(Instant now) {
  DCHECK(outbound_.to_wire().empty());
  inbound_.Process(now, backend_->udp_batch());
  backend_->SendUdp(inbound_.to_wire());
  backend_->WriteTun(inbound_.to_tun());

  std::span<const TunFrame> frames = backend_->tun_batch();
  const size_t frames_now = FramesOfTurn(frames, backend_->udp_batch());
  frames_put_off_ = frames.size() - frames_now;
  frames = frames.first(frames_now);
  while (!frames.empty()) {
    frames = frames.subspan(outbound_.Process(now, frames));
    if (frames.empty()) break;
    RETURN_IF_ERROR(SendNow());
  }
  // These leave with the next Wait(): one kernel entry sends, and waits.
  backend_->SendUdp(outbound_.to_wire());
  backend_->WriteTun(outbound_.icmp_errors());
  return absl::OkStatus();
}

absl::Status Worker::SendNow() {
  backend_->SendUdp(outbound_.to_wire());
  backend_->WriteTun(outbound_.icmp_errors());
  absl::Status status = backend_->Flush();
  outbound_.Reset();
  return status;
}

absl::Status Worker::TakeSocketChange() {
  MutexLock lock(&mutex_);
  SocketChange* const change = std::exchange(socket_change_, nullptr);
  has_socket_change_.store(false);
  if (change == nullptr) return absl::OkStatus();
  absl::Status status =
      backend_->ReplaceSockets(change->sockets.v4.get(), change->sockets.v6.get());
  if (status.ok()) options_.sockets = std::move(change->sockets);
  change->done.set_value(status);
  return status;
}

void Worker::Fail(const absl::Status& why) {
  {
    MutexLock lock(&mutex_);
    failure_ = why;
    if (SocketChange* const change = std::exchange(socket_change_, nullptr))
      change->done.set_value(why);
  }
  options_.wake_control();
}

}  // namespace ringwire::platform
