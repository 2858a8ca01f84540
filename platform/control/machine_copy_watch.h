#ifndef RINGWIRE_PLATFORM_CONTROL_MACHINE_COPY_WATCH_H_
#define RINGWIRE_PLATFORM_CONTROL_MACHINE_COPY_WATCH_H_

#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// Whether a uevent of the kernel (strings, each with its NUL) reports a new generation ID of the
// virtual machine: it was cloned, or resumed from a snapshot.
bool SaysThatTheMachineWasCopied(std::string_view uevent);

// Listens for that uevent, which Linux sends from 6.8 on if the hypervisor has the device
// (vmgenid). Thread-compatible.
class MachineCopyWatch {
 public:
  static absl::StatusOr<MachineCopyWatch> Open();

  int fd() const { return socket_.get(); }
  // Takes all pending uevents; true: the machine was copied. Accepts only uevents from the kernel.
  bool Read();

 private:
  explicit MachineCopyWatch(UniqueFd socket) : socket_(std::move(socket)) {}

  UniqueFd socket_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_MACHINE_COPY_WATCH_H_
