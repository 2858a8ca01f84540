#ifndef RINGWIRE_PLATFORM_SUPERVISOR_DOWN_NOTICE_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_DOWN_NOTICE_H_

#include <sys/types.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"
#include "platform/process/program.h"

// Where `down` meets the service of an interface: an abstract unix socket in the service's network
// namespace, which goes with its process and needs no file. `down` hands its terminal over for the
// hooks to come, and hears what goes wrong. It is a signal that asks the service to end.
namespace ringwire::platform {

// The service's side. Thread-compatible.
class EndListener {
 public:
  // Nobody ever comes.
  EndListener() = default;
  // Nor here, where another process has taken the name: `down` does without.
  explicit EndListener(const std::string& interface);

  // Readable when there is somebody for Accept(); -1: never.
  int fd() const { return listener_.get(); }
  // Of those who come, root and whoever this process runs as may watch.
  void Accept();
  // Where hooks print from now on: with the first one who watches.
  ProgramOutput TakeOutput();
  void Tell(std::string_view message, bool is_failure);

 private:
  UniqueFd listener_;
  std::vector<UniqueFd> watchers_;
  std::pair<UniqueFd, UniqueFd> output_;
};

// What the other side does. Thread-compatible.
class EndWatch {
 public:
  // NotFound: there is no service of that interface in this network namespace, or one of another
  // user's.
  static absl::StatusOr<EndWatch> Open(const std::string& interface);

  pid_t service() const { return service_; }
  bool HasService() const;  // it has not ended yet, so that this number is still its own
  int fd() const { return socket_.get(); }
  // For hooks: where this process itself prints. Before the signal.
  void GiveOutput();
  // Prints what the service has said by now; for failures, that `tried` failed. False: it has
  // ended, or let this watch go.
  bool Report(const std::string& tried);
  bool has_failed() const { return has_failed_; }  // by what was said so far

 private:
  EndWatch(UniqueFd socket, pid_t service) : socket_(std::move(socket)), service_(service) {}

  UniqueFd socket_;
  pid_t service_;
  bool has_failed_ = false;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_DOWN_NOTICE_H_
