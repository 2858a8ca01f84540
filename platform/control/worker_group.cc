#include "platform/control/worker_group.h"

#include <algorithm>
#include <utility>

#include "core/base/status_macros.h"
#include "platform/io/backend_factory.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {

WorkerGroup::WorkerGroup(WorkerGroupOptions options)
    : options_(std::move(options)), load_sources_(options_.load_seed) {}

absl::Status WorkerGroup::Start(std::vector<WorkerOptions> workers,
                                const std::function<void()>& wake_control) {
  const bool epoll_allowed = std::ranges::any_of(
      workers, [](const WorkerOptions& options) { return options.epoll_allowed; });
  for (WorkerOptions& options : workers) {
    options.shared = options_.shared;
    options.load_sources = &load_sources_;
    options.aead_providers = options_.aead_providers;
    options.wake_control = wake_control;
    workers_.push_back(std::make_unique<Worker>(std::move(options)));
  }
  const absl::Status started = StartAll();
  if (started.ok() || !epoll_allowed) return started;
  spdlog::info("{}: io_uring does not start for {} workers, epoll is used: {}",
               options_.interface_name, workers_.size(), std::string(started.message()));
  Stop();
  for (const auto& worker : workers_) worker->UseEpoll();
  LeaveMultishotUnused(options_.ladder);
  return StartAll();
}

absl::Status WorkerGroup::StartAll() {
  for (const auto& worker : workers_) {
    RETURN_IF_ERROR(worker->Start());
  }
  return absl::OkStatus();
}

void WorkerGroup::Stop() {
  for (const auto& worker : workers_) worker->Stop();
}

void WorkerGroup::WakeAll() {
  for (const auto& worker : workers_) worker->Wake();
}

std::optional<absl::Status> WorkerGroup::Failure() const {
  for (const auto& worker : workers_) {
    std::optional<absl::Status> failure = worker->failure();
    if (failure.has_value()) return failure;
  }
  return std::nullopt;
}

bool WorkerGroup::PopHandshake(HandshakeDatagram* datagram) {
  for (size_t i = 0; i < workers_.size(); ++i) {
    const size_t worker = (next_handshake_worker_ + i) % workers_.size();
    if (!workers_[worker]->link().handshakes.TryPop(datagram)) continue;
    next_handshake_worker_ = worker + 1;
    return true;
  }
  return false;
}

bool WorkerGroup::PushFlush(FlushStaged* flush) {
  for (size_t i = 0; i < workers_.size(); ++i) {
    Worker& worker = *workers_[(flush->peer->id.index + i) % workers_.size()];
    if (!worker.link().commands.TryPush(std::move(*flush))) continue;
    worker.Wake();
    return true;
  }
  return false;
}

}  // namespace ringwire::platform
