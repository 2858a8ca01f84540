#ifndef RINGWIRE_PLATFORM_PROCESS_CHILD_PROCESS_H_
#define RINGWIRE_PLATFORM_PROCESS_CHILD_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// How a child process begins. Descriptors are the caller's.
struct ChildStart {
  int input = -1;
  int output = -1;  // -1: the caller's own
  int error = -1;   // -1: the caller's own
  std::string variable = {};
  bool dies_with_caller = false;
};

// A program in a process group of its own, so that what it starts ends with it. Whoever starts one
// calls Reap(), once. Thread-compatible.
class ChildProcess {
 public:
  // `arguments` begins with the program's absolute path.
  static absl::StatusOr<ChildProcess> Start(const std::vector<std::string>& arguments,
                                            const ChildStart& start);

  // Readable when the process has ended.
  int fd() const { return fd_.get(); }
  // Asks the process group to end, and kills it if it does not in two seconds.
  void End() const;
  // Waits for the end. Error: how it ended.
  absl::Status Reap() const;

 private:
  ChildProcess(pid_t id, UniqueFd fd) : id_(id), fd_(std::move(fd)) {}

  pid_t id_;
  UniqueFd fd_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PROCESS_CHILD_PROCESS_H_
