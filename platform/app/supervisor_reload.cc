#include <sys/eventfd.h>
#include <unistd.h>

#include <thread>
#include <utility>

#include "core/base/mutex.h"
#include "crypto/secret.h"
#include "platform/app/report_error.h"
#include "platform/app/runnable_config.h"
#include "platform/app/supervisor.h"
#include "platform/base/start_thread.h"
#include "platform/gateway/apply.h"
#include "platform/gateway/host_facts.h"
#include "spdlog/spdlog.h"

// A changed configuration file: read on a thread of its own, as a file system may take its time and
// stopping must not wait for it, then applied whole or not at all.
namespace ringwire::platform {

// Where a loading thread brings its result. Its own copy of the event's descriptor, so that it can
// outlive the supervisor.
struct Supervisor::Loading {
  UniqueFd event;
  Mutex mutex;
  std::optional<absl::StatusOr<ConfigSource>> result ABSL_GUARDED_BY(mutex);
};

Supervisor::~Supervisor() = default;

UniqueFd Supervisor::MakeEvent() { return UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

void Supervisor::StartReload() {
  // What is being read may be older than what is meant.
  reload_again_ = loading_ != nullptr;
  if (loading_ != nullptr) return;
  loading_ = std::make_shared<Loading>();
  loading_->event = UniqueFd(::dup(loaded_event_.get()));
  absl::StatusOr<std::thread> thread = StartThread([path = path_, loading = loading_] {
    absl::StatusOr<ConfigSource> result = LoadRunnableConfig(path);
    {
      MutexLock lock(&loading->mutex);
      loading->result.emplace(std::move(result));
    }
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t size = ::write(loading->event.get(), &one, sizeof(one));
  });
  if (thread.ok()) {
    thread->detach();
    return;
  }
  loading_.reset();
  spdlog::error("reload {}: {} (the device runs on as it was)", path_, MessageOf(thread.status()));
}

void Supervisor::FinishReload() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t size = ::read(loaded_event_.get(), &count, sizeof(count));
  if (loading_ == nullptr) return;
  absl::StatusOr<ConfigSource> loaded = absl::InternalError("nothing was loaded");
  {
    MutexLock lock(&loading_->mutex);
    if (!loading_->result.has_value()) return;
    loaded = *std::move(loading_->result);
  }
  loading_.reset();
  if (loaded.ok()) LogWarnings(*loaded);
  const absl::Status status = loaded.ok() ? ApplyReload(*std::move(loaded)) : loaded.status();
  if (status.ok()) {
    spdlog::info("{} was reloaded", path_);
  } else {
    spdlog::error("reload {}: {} (the device runs on as it was)", path_, MessageOf(status));
  }
  if (reload_again_) StartReload();
}

absl::Status Supervisor::ApplyReload(ConfigSource wanted) {
  const ConfigFile& before = loaded_.config;
  ConfigFile& config = wanted.config;
  if (IsFullTunnel(config) != IsFullTunnel(before)) {
    return absl::FailedPreconditionError(
        "all traffic is to take the tunnel, or no longer, and that needs a restart (`ringwire "
        "down`, then `up`)");
  }
  Plan plan = MakePlan(name_, config, facts_);
  const absl::Status status =
      ApplyDifference(plan_, plan, &*host_, &*journal_,
                      [this, &config, &plan] { return ConfigureRelay(config, plan.fwmark); });
  if (!status.ok()) return status;
  for (const std::string& warning : plan.warnings) spdlog::warn("{}: {}", name_, warning);
  if (config.workers != before.workers || config.io_backend != before.io_backend ||
      config.offloads != before.offloads) {
    spdlog::warn("{}: Workers, IoBackend and Offload take effect at the next start", path_);
  }
  plan_ = std::move(plan);
  loaded_ = std::move(wanted);
  ForgetKeys();
  return names_.Follow(loaded_.config, path_);
}

absl::Status Supervisor::ConfigureRelay(const ConfigFile& wanted, uint32_t fwmark) {
  std::string text = ToDeviceText(wanted, names_.EndpointsOf(wanted), fwmark);
  absl::Status status = channel_->Send(RelayVerb::kConfigure, text);
  crypto::Cleanse(text.data(), text.size());
  while (status.ok()) {
    const absl::StatusOr<RelayMessage> answer = channel_->Receive();
    if (!answer.ok()) return answer.status();
    if (answer->verb == RelayVerb::kDone) return absl::OkStatus();
    if (answer->verb == RelayVerb::kFailed) return absl::AbortedError(answer->body);
    if (answer->verb == RelayVerb::kReloadWanted) reload_again_ = true;
    if (answer->verb == RelayVerb::kUnanswered && !TakeUnanswered(*answer)) {
      return absl::InternalError("the relay process does not keep to the rules");
    }
  }
  return status;
}

}  // namespace ringwire::platform
