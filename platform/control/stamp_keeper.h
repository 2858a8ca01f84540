#ifndef RINGWIRE_PLATFORM_CONTROL_STAMP_KEEPER_H_
#define RINGWIRE_PLATFORM_CONTROL_STAMP_KEEPER_H_

#include <cstdint>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "core/base/instant.h"
#include "core/control/control_plane.h"
#include "platform/control/handshake_stamps.h"
#include "platform/control/stamp_writer.h"

namespace ringwire::platform {

// Keeps the file of handshake timestamps up to date: written at most once a second while they
// change, on a thread of its own, and at the end, which waits for it. A file that cannot be written
// costs one warning, not the tunnel. Control's.
class StampKeeper {
 public:
  explicit StampKeeper(HandshakeStampsFile file)
      : file_(std::move(file)),
        writer_([this](std::span<const HandshakeStamp> stamps) { return file_.Save(stamps); }) {}

  // Before the first datagram.
  void Restore(ControlPlane* plane);
  // Looks whether a stamp has changed.
  void Note(Instant now, const ControlPlane& plane);
  Instant due() const { return due_; }
  void WriteIfDue(Instant now, const ControlPlane& plane);
  // What has not been written yet; returns when it is on disk.
  void WriteLast(const ControlPlane& plane);

 private:
  void Write(const ControlPlane& plane);

  const HandshakeStampsFile file_;
  uint64_t version_ = 0;  // the latest one that Note has seen
  Instant due_ = Instant::InfiniteFuture();
  StampWriter writer_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_STAMP_KEEPER_H_
