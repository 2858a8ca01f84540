#include "platform/io/probe_device.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/base/unique_fd.h"
#include "platform/udp/control_messages.h"

namespace ringwire::platform {
namespace {

absl::Status BringUp(const std::string& name) {
  const UniqueFd control(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::copy_n(name.data(), std::min(name.size(), sizeof(request.ifr_name) - 1), request.ifr_name);
  request.ifr_flags = IFF_UP | IFF_NOARP;
  if (::ioctl(control.get(), SIOCSIFFLAGS, &request) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("bring up ", name));
}

// Puts a packet straight into the device's queue, past everything that could filter it.
bool SendRaw(const TunDevice& device) {
  const UniqueFd sender(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!sender.valid()) return false;
  const int on = 1;
  // Where refused, the packet passes the device's queueing discipline too, which is the default.
  ::setsockopt(sender.get(), SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_protocol = htons(ETH_P_IP);
  to.sll_ifindex = static_cast<int>(device.interface_index);
  // An IPv4 header from 192.0.2.1 to 192.0.2.2.
  constexpr std::array<uint8_t, 20> kPacket{0x45, 0, 0,   20, 0, 0, 0,   0, 1, 17,
                                            0,    0, 192, 0,  2, 1, 192, 0, 2, 2};
  return ::sendto(sender.get(), kPacket.data(), kPacket.size(), MSG_DONTWAIT,
                  reinterpret_cast<const sockaddr*>(&to), sizeof(to)) >= 0;
}

// A datagram that leaves by the device whatever the routes say: an address on a device that the
// sender names counts as reachable there.
absl::Status SendBoundToDevice(const TunDevice& device) {
  const UniqueFd sender(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!sender.valid()) return absl::ErrnoToStatus(errno, "open a UDP socket");
  if (::setsockopt(sender.get(), SOL_SOCKET, SO_BINDTODEVICE, device.name.c_str(),
                   static_cast<socklen_t>(device.name.size())) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("send by way of ", device.name));
  }
  constexpr std::array<uint8_t, 4> kDocumentationAddress{192, 0, 2, 2};
  SocketName name;
  const socklen_t name_bytes = ToSocketName({IpAddress::V4(kDocumentationAddress), 9, 0}, &name);
  constexpr uint8_t kByte = 0;
  if (::sendto(sender.get(), &kByte, sizeof(kByte), MSG_DONTWAIT, &name.any, name_bytes) < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("send by way of ", device.name));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TunDevice> MakeProbeDevice() {
  absl::StatusOr<TunDevice> device = CreateTunDevice({"rwprobe%d", 1, true, true});
  if (!device.ok()) return device.status();
  if (absl::Status status = BringUp(device->name); !status.ok()) return status;
  return device;
}

absl::Status ProvokeFrame(const TunDevice& device) {
  return SendRaw(device) ? absl::OkStatus() : SendBoundToDevice(device);
}

}  // namespace ringwire::platform
