#include "platform/supervisor/config_loader.h"

#include <thread>
#include <utility>

#include "core/base/mutex.h"
#include "platform/base/clock.h"
#include "platform/base/event_fd.h"
#include "platform/base/start_thread.h"

namespace ringwire::platform {

struct ConfigLoader::Loading {
  const Instant deadline = BootNow() + kPatience;
  const EventFd done;
  Mutex mutex;
  std::optional<ConfigSource> result ABSL_GUARDED_BY(mutex);
};

ConfigLoader::ConfigLoader() = default;
ConfigLoader::~ConfigLoader() = default;

absl::Status ConfigLoader::Start(const std::string& path) {
  loading_ = std::make_shared<Loading>();
  absl::StatusOr<std::thread> thread = StartThread([path, loading = loading_] {
    // It logs nothing: the thread may outlive the logger.
    ConfigSource result = LoadConfigToRun(path, KeyFiles::kRead);
    {
      MutexLock lock(&loading->mutex);
      loading->result.emplace(std::move(result));
    }
    loading->done.Raise();
  });
  if (!thread.ok()) {
    loading_.reset();
    return thread.status();
  }
  thread->detach();
  return absl::OkStatus();
}

int ConfigLoader::fd() const { return loading_ == nullptr ? -1 : loading_->done.get(); }

Instant ConfigLoader::deadline() const {
  return loading_ == nullptr ? Instant::InfiniteFuture() : loading_->deadline;
}

std::optional<ConfigSource> ConfigLoader::Take() {
  if (loading_ == nullptr) return std::nullopt;
  loading_->done.Clear();
  std::optional<ConfigSource> result;
  {
    MutexLock lock(&loading_->mutex);
    result.swap(loading_->result);
  }
  if (result.has_value()) loading_.reset();
  return result;
}

bool ConfigLoader::GiveUp(Instant now) {
  if (loading_ == nullptr || now < loading_->deadline) return false;
  loading_.reset();
  return true;
}

}  // namespace ringwire::platform
