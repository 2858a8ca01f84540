#ifndef RINGWIRE_PLATFORM_TUN_TUN_DEVICE_H_
#define RINGWIRE_PLATFORM_TUN_TUN_DEVICE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

struct TunOptions {
  std::string name;
  size_t queues = 1;
  bool tso = false;  // superpackets from the kernel: TCP
  bool uso = false;  // and UDP
};

// A TUN device of our own: IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE, created
// exclusively, so that a name in use is an error and never shared. Closing the last queue
// descriptor removes the device.
struct TunDevice {
  std::string name;  // the kernel's name
  uint32_t interface_index = 0;
  std::vector<UniqueFd> queues;  // non-blocking, one per worker
  bool created = false;          // here, not elsewhere
  bool tso = false;              // what the kernel granted
  bool uso = false;
};

// Errors say what failed and what to do: no /dev/net/tun, no CAP_NET_ADMIN, a name in use or too
// long.
absl::StatusOr<TunDevice> CreateTunDevice(const TunOptions& options);

// Sets which superpackets the kernel may deliver, on every queue of the device, from now on.
absl::Status SetTunOffloads(int queue_fd, bool tso, bool uso);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_TUN_TUN_DEVICE_H_
