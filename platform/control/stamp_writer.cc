#include "platform/control/stamp_writer.h"

#include <string>
#include <utility>

#include "core/base/check.h"
#include "platform/base/start_thread.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {

StampWriter::StampWriter(Save save) : save_(std::move(save)) {}

StampWriter::~StampWriter() { Finish(); }

bool StampWriter::is_busy() const {
  MutexLock lock(&mutex_);
  return busy_;
}

bool StampWriter::has_failed() const {
  MutexLock lock(&mutex_);
  return failed_;
}

void StampWriter::Write(StampChanges changes) {
  if (!thread_.joinable()) {
    SaveOrWarn(changes);
    return;
  }
  {
    MutexLock lock(&mutex_);
    CHECK(!busy_);
    busy_ = true;
    next_ = std::move(changes);
  }
  wake_.Raise();
}

void StampWriter::StartThread() {
  if (!wake_.valid() || thread_.joinable()) return;
  absl::StatusOr<std::thread> thread = platform::StartThread([this] { Run(); });
  if (thread.ok()) thread_ = *std::move(thread);
}

void StampWriter::Finish() {
  if (!thread_.joinable()) return;
  {
    MutexLock lock(&mutex_);
    finish_ = true;
  }
  wake_.Raise();
  thread_.join();
  MutexLock lock(&mutex_);
  finish_ = false;
}

void StampWriter::Run() {
  while (true) {
    wake_.Wait(-1);
    std::optional<StampChanges> changes;
    bool finish = false;
    {
      MutexLock lock(&mutex_);
      changes = std::exchange(next_, std::nullopt);
      finish = finish_;
    }
    if (changes.has_value()) {
      SaveOrWarn(*changes);
      changes.reset();
      MutexLock lock(&mutex_);
      busy_ = false;
    }
    if (finish) return;  // nothing is given any more
  }
}

void StampWriter::SaveOrWarn(const StampChanges& changes) {
  const absl::Status saved = save_(changes);
  MutexLock lock(&mutex_);
  if (!saved.ok() && !failed_) {
    spdlog::warn(
        "handshake timestamps will not survive a restart: {} (RINGWIRE_STATE_DIR chooses another "
        "directory)",
        std::string(saved.message()));
  }
  failed_ = !saved.ok();
}

}  // namespace ringwire::platform
