#ifndef RINGWIRE_PLATFORM_CONTROL_MACHINE_COPY_WATCH_H_
#define RINGWIRE_PLATFORM_CONTROL_MACHINE_COPY_WATCH_H_

#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// Whether a uevent of the kernel (strings, each with its NUL) says that the virtual machine has a
// new generation ID: it was cloned, or goes on from a snapshot.
bool SaysThatTheMachineWasCopied(std::string_view uevent);

// Listens for that uevent, which kernels send from 6.8 on where the hypervisor has the device
// (vmgenid). Thread-compatible.
class MachineCopyWatch {
 public:
  static absl::StatusOr<MachineCopyWatch> Open();

  int fd() const { return socket_.get(); }
  // Takes all that has come; true: the machine was copied. Only the kernel is believed.
  bool Read();

 private:
  explicit MachineCopyWatch(UniqueFd socket) : socket_(std::move(socket)) {}

  UniqueFd socket_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_MACHINE_COPY_WATCH_H_
