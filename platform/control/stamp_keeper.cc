#include "platform/control/stamp_keeper.h"

#include <string>

#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

const absl::Duration kWriteBehind = absl::Seconds(1);
// After a failed save. The next one is of everything, so it must not come every second.
const absl::Duration kRetryAfter = absl::Minutes(1);

}  // namespace

void StampKeeper::Restore(Instant now, absl::Time wall_now, ControlPlane* plane) {
  const StampFiles::Loaded loaded = files_.Load();
  for (const std::string& warning : loaded.warnings) {
    spdlog::warn("read the handshake timestamps: {}", warning);
  }
  plane->RestoreStamps(now, loaded.stamps);
  if (resumes_) plane->Resume(now, wall_now, loaded.alive);
  needs_all_ = files_.needs_all();
  // A file of an older version is replaced now, and not with the first handshake.
  if (needs_all_ && !loaded.stamps.empty()) due_ = now;
}

void StampKeeper::Note(Instant now, const ControlPlane& plane) {
  if (!plane.HasStampChanges() || !due_.IsInfiniteFuture()) return;
  due_ = now + (writer_.has_failed() ? kRetryAfter : kWriteBehind);
}

void StampKeeper::WriteIfDue(Instant now, ControlPlane* plane) {
  if (now < due_) return;
  if (writer_.is_busy()) {
    due_ = now + kWriteBehind;
  } else {
    Write(plane);
  }
}

void StampKeeper::WriteLast(ControlPlane* plane) {
  writer_.Finish();
  // Without the thread, Write returns when they are on the disk.
  const bool is_saved = !writer_.has_failed() && due_.IsInfiniteFuture();
  if (!is_saved || plane->HasStampChanges()) Write(plane);
}

void StampKeeper::Write(ControlPlane* plane) {
  due_ = Instant::InfiniteFuture();
  writer_.Write(plane->TakeStampChanges(needs_all_ || writer_.has_failed()));
  needs_all_ = false;
}

}  // namespace ringwire::platform
