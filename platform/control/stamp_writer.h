#ifndef RINGWIRE_PLATFORM_CONTROL_STAMP_WRITER_H_
#define RINGWIRE_PLATFORM_CONTROL_STAMP_WRITER_H_

#include <functional>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "core/base/mutex.h"
#include "core/control/control_plane.h"
#include "platform/base/event_fd.h"

namespace ringwire::platform {

// Saves handshake stamps on a thread of its own, because a disk may take seconds and handshakes
// must not wait for it. New stamps during a save replace waiting ones. A failure is logged once
// until a save succeeds again. All calls on one thread.
class StampWriter {
 public:
  using Save = std::function<absl::Status(std::span<const HandshakeStamp>)>;

  explicit StampWriter(Save save);
  // Like Finish().
  ~StampWriter();
  StampWriter(const StampWriter&) = delete;
  StampWriter& operator=(const StampWriter&) = delete;

  // Starts the thread now instead of with the first Write. If the system allows no thread, Write
  // waits for the disk.
  void StartThread() { HasThread(); }
  // Returns at once if there is a thread.
  void Write(std::vector<HandshakeStamp> stamps);
  // Returns when the last stamps have been saved or have failed.
  void Finish();

 private:
  // Starts it if necessary. False: the system allows none now.
  bool HasThread();
  void Run();
  void SaveOrWarn(std::span<const HandshakeStamp> stamps);

  const Save save_;
  const EventFd wake_;
  bool warned_ = false;  // the thread's
  Mutex mutex_;
  std::optional<std::vector<HandshakeStamp>> next_ ABSL_GUARDED_BY(mutex_);
  bool finish_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_STAMP_WRITER_H_
