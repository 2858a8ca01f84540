#ifndef RINGWIRE_PLATFORM_RELAY_DEVICE_PARTS_H_
#define RINGWIRE_PLATFORM_RELAY_DEVICE_PARTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/descriptor_passing.h"
#include "platform/base/unique_fd.h"

// What a relay hands to its successor at an upgrade while it still serves: its interface and the
// sockets of tools. The messages for it are pure.
namespace ringwire::platform {

// Descriptors of a process that owns them.
struct DevicePartsView {
  bool tso = false;  // what the kernel granted to the interface
  bool uso = false;
  std::vector<int> queues;  // of the TUN device, one per worker
  int uapi = -1;            // the listening sockets; -1: the device has none
  int status = -1;
};

// The same in a process that was given them.
struct DeviceParts {
  bool tso = false;
  bool uso = false;
  size_t queues_expected = 0;  // 0: no message was taken yet
  std::vector<UniqueFd> queues;
  UniqueFd uapi;
  UniqueFd status;

  bool IsComplete() const { return queues_expected > 0 && queues.size() == queues_expected; }
  DevicePartsView View() const;
};

// One kParts, with its descriptors in order: some queues, and in the first message the listeners.
struct PartsMessage {
  std::string body;
  std::vector<int> descriptors;
};
inline constexpr size_t kQueuesPerMessage = kPassedDescriptorsMax - 2;
// At least one message. There is at least one queue.
std::vector<PartsMessage> PartsMessages(const DevicePartsView& parts);
// Adds a message to the parts. False: it does not fit those before it, or is invalid.
bool TakeParts(std::string_view body, std::vector<UniqueFd> descriptors, DeviceParts* parts);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_RELAY_DEVICE_PARTS_H_
