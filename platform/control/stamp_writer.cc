#include "platform/control/stamp_writer.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <utility>

#include "platform/base/start_thread.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {

StampWriter::StampWriter(Save save) : save_(std::move(save)), wake_(::eventfd(0, EFD_CLOEXEC)) {}

StampWriter::~StampWriter() { Finish(); }

void StampWriter::Wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t size = ::write(wake_.get(), &one, sizeof(one));
}

void StampWriter::Write(std::vector<HandshakeStamp> stamps) {
  // Without a descriptor or a thread to be had, the caller waits for the disk itself.
  if (!wake_.valid() || !HasThread()) {
    SaveOrWarn(stamps);
    return;
  }
  {
    MutexLock lock(&mutex_);
    next_ = std::move(stamps);
  }
  Wake();
}

bool StampWriter::HasThread() {
  if (thread_.joinable()) return true;
  absl::StatusOr<std::thread> thread = StartThread([this] { Run(); });
  if (thread.ok()) thread_ = *std::move(thread);
  return thread.ok();
}

void StampWriter::Finish() {
  if (!thread_.joinable()) return;
  {
    MutexLock lock(&mutex_);
    finish_ = true;
  }
  Wake();
  thread_.join();
  MutexLock lock(&mutex_);
  finish_ = false;
}

void StampWriter::Run() {
  while (true) {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t size = ::read(wake_.get(), &count, sizeof(count));
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
