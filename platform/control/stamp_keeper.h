#ifndef RINGWIRE_PLATFORM_CONTROL_STAMP_KEEPER_H_
#define RINGWIRE_PLATFORM_CONTROL_STAMP_KEEPER_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/instant.h"
#include "core/control/control_plane.h"
#include "platform/control/stamp_files.h"
#include "platform/control/stamp_writer.h"

namespace ringwire::platform {

// Keeps the files of handshake timestamps up to date. A thread of its own appends the changes at
// most once a second. The end of the device appends the last ones and waits. If the files cannot be
// written, it logs one warning, the tunnel works, and it tries again every minute while there are
// changes. For the control thread.
class StampKeeper {
 public:
  // `resumes`: the plane initiates to peers that were alive before a restart.
  StampKeeper(StampFiles files, bool resumes)
      : files_(std::move(files)),
        resumes_(resumes),
        writer_([this](const StampChanges& changes) { return files_.Save(changes); }) {}

  // Call before the first datagram.
  void Restore(Instant now, absl::Time wall_now, ControlPlane* plane);
  // Starts the thread now, for a process that cannot start one later.
  void StartThread() { writer_.StartThread(); }
  // Checks whether a stamp has changed.
  void Note(Instant now, const ControlPlane& plane);
  Instant due() const { return due_; }
  void WriteIfDue(Instant now, ControlPlane* plane);
  // Writes the changes not written yet; returns when they are on disk.
  void WriteLast(ControlPlane* plane);

 private:
  void Write(ControlPlane* plane);

  StampFiles files_;  // the writer's thread's, once it runs
  const bool resumes_;
  bool needs_all_ = true;  // the files have nothing to append to
  Instant due_ = Instant::InfiniteFuture();
  StampWriter writer_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_STAMP_KEEPER_H_
