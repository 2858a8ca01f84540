#include "platform/io/offload/probe_device.h"

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
#include "core/base/status_macros.h"
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

}  // namespace

absl::StatusOr<TunDevice> MakeProbeDevice() {
  ASSIGN_OR_RETURN(TunDevice device, CreateTunDevice({"rwprobe%d", 1, true, true}));
  RETURN_IF_ERROR(BringUp(device.name));
  return device;
}

absl::Status SendRawFrame(const TunDevice& device, IpFamily family,
                          std::span<const uint8_t> frame) {
  const UniqueFd sender(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  const int on = 1;
  const int off = 0;
  if (!sender.valid() ||
      ::setsockopt(sender.get(), SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) != 0) {
    return absl::ErrnoToStatus(errno, "open a raw socket");
  }
  // If refused, the packet also passes the device's queueing discipline, as by default.
  ::setsockopt(sender.get(), SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_protocol = htons(family == IpFamily::kV4 ? ETH_P_IP : ETH_P_IPV6);
  to.sll_ifindex = static_cast<int>(device.interface_index);
  const auto send = [&] {
    return ::sendto(sender.get(), frame.data(), frame.size(), MSG_DONTWAIT,
                    reinterpret_cast<const sockaddr*>(&to), sizeof(to)) >= 0;
  };
  if (send()) return absl::OkStatus();
  // A packet that must be cut cannot bypass the queueing discipline.
  if (errno == ENOBUFS) {
    ::setsockopt(sender.get(), SOL_PACKET, PACKET_QDISC_BYPASS, &off, sizeof(off));
    if (send()) return absl::OkStatus();
  }
  return absl::ErrnoToStatus(errno, absl::StrCat("send through ", device.name));
}

absl::Status SendBoundToDevice(const TunDevice& device, std::span<const uint8_t> payload,
                               uint16_t segment_bytes) {
  const UniqueFd sender(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!sender.valid()) return absl::ErrnoToStatus(errno, "open a UDP socket");
  if (::setsockopt(sender.get(), SOL_SOCKET, SO_BINDTODEVICE, device.name.c_str(),
                   static_cast<socklen_t>(device.name.size())) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("send through ", device.name));
  }
  constexpr std::array<uint8_t, 4> kDocumentationAddress{192, 0, 2, 2};
  Endpoint to;
  to.remote = {IpAddress::V4(kDocumentationAddress), 9, 0};
  OutgoingMessage message;
  message.Set({to, 0, segment_bytes, false}, payload);
  if (::sendmsg(sender.get(), &message.header(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("send through ", device.name));
  }
  return absl::OkStatus();
}

absl::Status ProvokeFrame(const TunDevice& device) {
  // No offload, and an IPv4 header from 192.0.2.1 to 192.0.2.2.
  constexpr std::array<uint8_t, 30> kFrame{0, 0, 0, 0, 0,  0, 0, 0,   0, 0, 0x45, 0,   0, 20, 0,
                                           0, 0, 0, 1, 17, 0, 0, 192, 0, 2, 1,    192, 0, 2,  2};
  if (SendRawFrame(device, IpFamily::kV4, kFrame).ok()) return absl::OkStatus();
  constexpr std::array<uint8_t, 1> kByte{};
  return SendBoundToDevice(device, kByte, 0);
}

}  // namespace ringwire::platform
