#include "platform/control/stamp_keeper.h"

#include <string>

#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

const absl::Duration kWriteBehind = absl::Seconds(1);

}  // namespace

void StampKeeper::Restore(ControlPlane* plane) {
  const StampFiles::Loaded loaded = files_.Load();
  for (const std::string& warning : loaded.warnings) {
    spdlog::warn("read the handshake timestamps: {}", warning);
  }
  plane->RestoreStamps(loaded.stamps);
  version_ = plane->stamps_version();
}

void StampKeeper::Note(Instant now, const ControlPlane& plane) {
  if (plane.stamps_version() == version_) return;
  version_ = plane.stamps_version();
  if (due_.IsInfiniteFuture()) due_ = now + kWriteBehind;
}

void StampKeeper::WriteIfDue(Instant now, const ControlPlane& plane) {
  if (now >= due_) Write(plane);
}

void StampKeeper::WriteLast(const ControlPlane& plane) {
  if (!due_.IsInfiniteFuture() || plane.stamps_version() != version_) Write(plane);
  writer_.Finish();
}

void StampKeeper::Write(const ControlPlane& plane) {
  due_ = Instant::InfiniteFuture();
  writer_.Write(plane.Stamps());
}

}  // namespace ringwire::platform
