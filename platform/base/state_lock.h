#ifndef RINGWIRE_PLATFORM_BASE_STATE_LOCK_H_
#define RINGWIRE_PLATFORM_BASE_STATE_LOCK_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/base/lock_wait.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// A lock among the processes of ringwire on one host: flock(2) on FOLDER/lock/NAME, a file of mode
// 0600 in a folder of mode 0700. No other user can open the file, so no other user can hold the
// lock. Released, and the file removed, at the end of its life; a process that dies releases it,
// too. Thread-compatible.
class StateLock {
 public:
  // Far longer than any holder takes.
  static constexpr absl::Duration kPatience = absl::Seconds(10);

  // Waits at most `patience`. DeadlineExceeded: the holder did not let go. Cancelled: a signal
  // came. FailedPrecondition: the folder or the file belongs to somebody else. Where `folder` does
  // not exist or cannot be written to, nobody can agree on anything there: the lock holds nothing.
  static absl::StatusOr<StateLock> Take(const std::string& folder, const std::string& name,
                                        EndSignals signals, absl::Duration patience = kPatience);

  StateLock(StateLock&& other) noexcept = default;
  StateLock& operator=(StateLock&&) = delete;
  ~StateLock();

  bool holds() const { return file_.valid(); }

 private:
  StateLock() = default;
  StateLock(UniqueFd folder, UniqueFd file, std::string name)
      : folder_(std::move(folder)), file_(std::move(file)), name_(std::move(name)) {}

  UniqueFd folder_;
  UniqueFd file_;  // invalid: holds nothing
  std::string name_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_STATE_LOCK_H_
