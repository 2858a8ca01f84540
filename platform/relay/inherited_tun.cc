#include "platform/relay/inherited_tun.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "fmt/format.h"

namespace ringwire::platform {
namespace {

// The legacy virtio-net header, as for our own devices.
constexpr int kVnetHeaderSize = 10;

// nullopt: `text` names no open descriptor.
std::optional<int> OpenDescriptor(std::string_view text) {
  int fd = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), fd);
  const bool number = error == std::errc() && end == text.data() + text.size() && fd >= 0;
  if (!number || ::fcntl(fd, F_GETFD) < 0) return std::nullopt;
  return fd;
}

}  // namespace

absl::StatusOr<UniqueFd> InheritedDescriptor(const char* variable) {
  const char* const value = std::getenv(variable);
  if (value == nullptr || *value == '\0') return UniqueFd();
  const std::optional<int> fd = OpenDescriptor(value);
  if (!fd.has_value()) {
    return absl::InvalidArgumentError(
        fmt::format("use {}={}: no open descriptor of that number", variable, value));
  }
  ::fcntl(*fd, F_SETFD, FD_CLOEXEC);
  return UniqueFd(*fd);
}

std::vector<int> InheritedDescriptors() {
  std::vector<int> descriptors;
  for (const char* const variable : {"WG_TUN_FD", "WG_UAPI_FD"}) {
    const char* const value = std::getenv(variable);
    const std::optional<int> fd = value == nullptr ? std::nullopt : OpenDescriptor(value);
    if (fd.has_value()) descriptors.push_back(*fd);
  }
  return descriptors;
}

absl::StatusOr<TunDevice> AdoptTunDevice(UniqueFd queue) {
  ifreq request{};
  if (::ioctl(queue.get(), TUNGETIFF, &request) != 0) {
    return absl::ErrnoToStatus(errno, "use WG_TUN_FD: ask which TUN device it is");
  }
  const unsigned flags = static_cast<unsigned short>(request.ifr_flags);
  if ((flags & IFF_TUN) == 0 || (flags & IFF_NO_PI) == 0 || (flags & IFF_VNET_HDR) == 0) {
    return absl::InvalidArgumentError(
        "use WG_TUN_FD: the device must be made with IFF_TUN | IFF_NO_PI | IFF_VNET_HDR");
  }
  int header_size = kVnetHeaderSize;
  if (::ioctl(queue.get(), TUNSETVNETHDRSZ, &header_size) != 0 ||
      ::ioctl(queue.get(), TUNSETOFFLOAD, static_cast<unsigned long>(TUN_F_CSUM)) != 0 ||
      ::fcntl(queue.get(), F_SETFL, O_NONBLOCK) != 0) {
    return absl::ErrnoToStatus(errno, "use WG_TUN_FD: set the device up");
  }
  TunDevice device;
  device.name = std::string(request.ifr_name, ::strnlen(request.ifr_name, IFNAMSIZ));
  device.interface_index = ::if_nametoindex(device.name.c_str());
  if (device.interface_index == 0) {
    return absl::ErrnoToStatus(errno, fmt::format("use WG_TUN_FD: find {}", device.name));
  }
  device.queues.push_back(std::move(queue));
  return device;
}

absl::StatusOr<TunDevice> AdoptTunQueues(std::vector<UniqueFd> queues) {
  TunDevice device;
  device.created = true;
  for (const UniqueFd& queue : queues) {
    ifreq request{};
    if (::ioctl(queue.get(), TUNGETIFF, &request) != 0) {
      return absl::InvalidArgumentError("take over an interface: a descriptor is no TUN queue");
    }
    constexpr unsigned kOurs = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE;
    const unsigned flags = static_cast<unsigned short>(request.ifr_flags);
    const std::string name(request.ifr_name, ::strnlen(request.ifr_name, IFNAMSIZ));
    if ((flags & kOurs) != kOurs || (!device.name.empty() && device.name != name)) {
      return absl::InvalidArgumentError("take over an interface: its queues do not fit together");
    }
    device.name = name;
  }
  device.interface_index = ::if_nametoindex(device.name.c_str());
  if (device.interface_index == 0) {
    return absl::ErrnoToStatus(errno, "take over an interface: find " + device.name);
  }
  device.queues = std::move(queues);
  return device;
}

}  // namespace ringwire::platform
