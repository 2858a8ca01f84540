#include "platform/control/machine_copy_watch.h"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace ringwire::platform {
namespace {

// The kernel's own; udev's, which differ in format, go to another group.
constexpr uint32_t kKernelUevents = 1;
// The kernel composes a uevent in 2048 bytes and an address of at most a path's length.
constexpr size_t kUeventBytesMax = 8192;
// Other devices cause uevents too: take some of them, then serve the other sources.
constexpr int kUeventsInARow = 64;

}  // namespace

bool SaysThatTheMachineWasCopied(std::string_view uevent) {
  while (!uevent.empty()) {
    const std::string_view entry = uevent.substr(0, uevent.find('\0'));
    if (entry == "NEW_VMGENID=1") return true;
    uevent.remove_prefix(entry.size() < uevent.size() ? entry.size() + 1 : entry.size());
  }
  return false;
}

absl::StatusOr<MachineCopyWatch> MachineCopyWatch::Open() {
  UniqueFd socket(
      ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
  if (!socket.valid()) return absl::ErrnoToStatus(errno, "open a socket for uevents");
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kKernelUevents;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return absl::ErrnoToStatus(errno, "subscribe to uevents");
  }
  return MachineCopyWatch(std::move(socket));
}

bool MachineCopyWatch::Read() {
  bool copied = false;
  for (int i = 0; i < kUeventsInARow; ++i) {
    std::array<char, kUeventBytesMax> bytes;
    sockaddr_nl from{};
    iovec piece{bytes.data(), bytes.size()};
    msghdr header{};
    header.msg_name = &from;
    header.msg_namelen = sizeof(from);
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    const ssize_t size = ::recvmsg(socket_.get(), &header, 0);
    if (size < 0 && errno == EINTR) continue;
    // Uevents were lost, perhaps this one: an extra session costs little.
    if (size < 0 && errno == ENOBUFS) copied = true;
    if (size < 0 && errno != ENOBUFS) break;
    if (size <= 0 || from.nl_pid != 0) continue;
    if (SaysThatTheMachineWasCopied({bytes.data(), static_cast<size_t>(size)})) copied = true;
  }
  return copied;
}

}  // namespace ringwire::platform
