#ifndef RINGWIRE_PLATFORM_CONTROL_STAMP_WRITER_H_
#define RINGWIRE_PLATFORM_CONTROL_STAMP_WRITER_H_

#include <functional>
#include <optional>
#include <thread>

#include "absl/status/status.h"
#include "core/base/mutex.h"
#include "core/control/control_plane.h"
#include "platform/base/event_fd.h"

namespace ringwire::platform {

// Saves changes of handshake stamps on a thread of its own, because a disk may take seconds and
// handshakes must not wait for it. A failure is logged once until a save succeeds again. All calls
// on one thread.
class StampWriter {
 public:
  using Save = std::function<absl::Status(const StampChanges&)>;

  explicit StampWriter(Save save);
  // Like Finish().
  ~StampWriter();
  StampWriter(const StampWriter&) = delete;
  StampWriter& operator=(const StampWriter&) = delete;

  // Before the process gives up its rights: it may start no thread afterwards. Where there is no
  // thread, because the system allows none or after Finish, Write itself waits for the disk.
  void StartThread();
  // A save is under way: give it no other one.
  bool is_busy() const;
  // The last save failed: its changes are lost, and the next ones must be complete.
  bool has_failed() const;
  // Returns at once if there is a thread. Not while it is busy.
  void Write(StampChanges changes);
  // Returns when the last changes have been saved or have failed. Ends the thread.
  void Finish();

 private:
  void Run();
  void SaveOrWarn(const StampChanges& changes);

  const Save save_;
  const EventFd wake_;
  mutable Mutex mutex_;
  std::optional<StampChanges> next_ ABSL_GUARDED_BY(mutex_);
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  bool failed_ ABSL_GUARDED_BY(mutex_) = false;
  bool finish_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_STAMP_WRITER_H_
