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

// The start conditions of a child process. The caller owns the descriptors.
struct ChildStart {
  int input = -1;
  int output = -1;  // -1: the caller's own
  int error = -1;   // -1: the caller's own
  std::string variable = {};
  bool dies_with_caller = false;
};

// A program in its own process group, so that its children end with it. The caller must call Reap()
// once. Thread-compatible.
class ChildProcess {
 public:
  // `arguments` begins with the program's absolute path.
  static absl::StatusOr<ChildProcess> Start(const std::vector<std::string>& arguments,
                                            const ChildStart& start);

  // Readable when the process has ended.
  int fd() const { return fd_.get(); }
  // Asks the process group to end, and kills it after two seconds.
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
