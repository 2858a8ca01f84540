#include "platform/control/stamp_writer.h"

#include <string>
#include <utility>

#include "platform/base/start_thread.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {

StampWriter::StampWriter(Save save) : save_(std::move(save)) {}

StampWriter::~StampWriter() { Finish(); }

void StampWriter::Write(std::vector<HandshakeStamp> stamps) {
  // Without a descriptor or a thread, the caller itself waits for the disk.
  if (!wake_.valid() || !HasThread()) {
    SaveOrWarn(stamps);
    return;
  }
  {
    MutexLock lock(&mutex_);
    next_ = std::move(stamps);
  }
  wake_.Raise();
}

bool StampWriter::HasThread() {
  if (thread_.joinable()) return true;
  absl::StatusOr<std::thread> thread = platform::StartThread([this] { Run(); });
  if (thread.ok()) thread_ = *std::move(thread);
  return thread.ok();
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
    std::optional<std::vector<HandshakeStamp>> stamps;
    bool finish = false;
    {
      MutexLock lock(&mutex_);
      stamps = std::exchange(next_, std::nullopt);
      finish = finish_;
    }
    if (stamps.has_value()) SaveOrWarn(*stamps);
    if (finish) return;  // nothing is given any more
  }
}

void StampWriter::SaveOrWarn(std::span<const HandshakeStamp> stamps) {
  const absl::Status saved = save_(stamps);
  if (!saved.ok() && !warned_) {
    spdlog::warn(
        "handshake timestamps will not survive a restart: {} (RINGWIRE_STATE_DIR chooses another "
        "directory)",
        std::string(saved.message()));
  }
  warned_ = !saved.ok();
}

}  // namespace ringwire::platform
