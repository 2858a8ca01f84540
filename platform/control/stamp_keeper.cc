#include "platform/control/stamp_keeper.h"

#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

const absl::Duration kWriteBehind = absl::Seconds(1);

std::string TextOf(const absl::Status& status) { return std::string(status.message()); }

}  // namespace

void StampKeeper::Restore(ControlPlane* plane) {
  const absl::StatusOr<ParsedStamps> loaded = file_.Load();
  if (!loaded.ok()) {
    spdlog::warn("handshake timestamps of before are lost: {}", TextOf(loaded.status()));
    return;
  }
  if (loaded->malformed_lines > 0) {
    spdlog::warn("{}: {} malformed lines skipped", file_.path(), loaded->malformed_lines);
  }
  plane->RestoreStamps(loaded->stamps);
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
