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

// The connection between `down` and the service of an interface: an abstract unix socket in the
// service's network namespace. It ends with the process and needs no file. `down` passes its
// terminal for the output of hooks, and receives failures. A signal, not this socket, asks the
// service to end.
namespace ringwire::platform {

// The service's side. Thread-compatible.
class DownListener {
 public:
  // An inactive listener.
  DownListener() = default;
  // Stays inactive if another process owns the name; `down` then works without it.
  explicit DownListener(const std::string& interface);

  // Readable when Accept() has a connection; -1: never.
  int fd() const { return listener_.get(); }
  // Only root and the user of this process may watch.
  void Accept();
  // Whether a `down` waits for the end.
  bool HasWatcher() const;
  // The output of hooks from now on: the first watcher's terminal.
  ProgramOutput TakeOutput();
  void Tell(std::string_view message, bool is_failure);

 private:
  UniqueFd listener_;
  std::vector<UniqueFd> watchers_;
  std::pair<UniqueFd, UniqueFd> output_;
};

// The other side. Thread-compatible.
class DownWatch {
 public:
  // NotFound: this network namespace has no service of that interface, or it is another user's.
  static absl::StatusOr<DownWatch> Open(const std::string& interface);

  pid_t service() const { return service_; }
  bool HasService() const;  // it has not ended, so the process id is still its own
  int fd() const { return socket_.get(); }
  // Passes this process's output to hooks. Call before the signal.
  void GiveOutput();
  // Prints the service's messages so far; failures as failures of `tried`. False: the service has
  // ended or closed the connection.
  bool Report(const std::string& tried);
  bool has_failed() const { return has_failed_; }  // according to the messages so far

 private:
  DownWatch(UniqueFd socket, pid_t service) : socket_(std::move(socket)), service_(service) {}

  UniqueFd socket_;
  pid_t service_;
  bool has_failed_ = false;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_DOWN_NOTICE_H_
