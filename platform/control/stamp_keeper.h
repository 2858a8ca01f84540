#ifndef RINGWIRE_PLATFORM_CONTROL_STAMP_KEEPER_H_
#define RINGWIRE_PLATFORM_CONTROL_STAMP_KEEPER_H_

#include <cstdint>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "core/base/instant.h"
#include "core/control/control_plane.h"
#include "platform/control/stamp_files.h"
#include "platform/control/stamp_writer.h"

namespace ringwire::platform {

// Keeps the files of handshake timestamps up to date. A thread of its own writes them at most once
// a second while stamps change. The end of the device writes them once more and waits. If the files
// cannot be written, it logs one warning and the tunnel works. For the control thread.
class StampKeeper {
 public:
  explicit StampKeeper(StampFiles files)
      : files_(std::move(files)),
        writer_([this](std::span<const HandshakeStamp> stamps) { return files_.Save(stamps); }) {}

  // Call before the first datagram.
  void Restore(ControlPlane* plane);
  // Starts the thread now, for a process that cannot start one later.
  void StartThread() { writer_.StartThread(); }
  // Checks whether a stamp has changed.
  void Note(Instant now, const ControlPlane& plane);
  Instant due() const { return due_; }
  void WriteIfDue(Instant now, const ControlPlane& plane);
  // Writes the changes not written yet; returns when they are on disk.
  void WriteLast(const ControlPlane& plane);

 private:
  void Write(const ControlPlane& plane);

  StampFiles files_;      // the writer's thread's, once it runs
  uint64_t version_ = 0;  // the latest one that Note has seen
  Instant due_ = Instant::InfiniteFuture();
  StampWriter writer_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_STAMP_KEEPER_H_
