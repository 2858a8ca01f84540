#include "platform/tun/tun_device.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace ringwire::platform {
namespace {

// The legacy virtio-net header: larger ones leaked kernel memory (Linux 6.17).
constexpr int kVnetHeaderSize = 10;
// Packets that the kernel queues for us, per TUN queue, before it drops: about a millisecond of
// full-sized ones at 10 Gb/s, and at most 64 MB of superpackets.
constexpr int kTxQueueLength = 1000;

constexpr unsigned kTsoFlags = TUN_F_TSO4 | TUN_F_TSO6;
#ifdef TUN_F_USO4
constexpr unsigned kUsoFlags = TUN_F_USO4 | TUN_F_USO6;
#else  // Debian 12's own kernel headers; the bits are part of the kernel's interface since 6.2
constexpr unsigned kUsoFlags = 0x20 | 0x40;
#endif

absl::Status OpenError(const std::string& name, int error) {
  const std::string what = absl::StrCat("open /dev/net/tun for ", name, ": ", std::strerror(error));
  switch (error) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return absl::UnavailableError(absl::StrCat(
          what, " (load the tun module, or give it to the container: --device /dev/net/tun)"));
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(
          absl::StrCat(what, " (run as root or with CAP_NET_ADMIN and access to the file)"));
    default:
      return absl::ErrnoToStatus(error, absl::StrCat("open /dev/net/tun for ", name));
  }
}

absl::Status AttachError(const std::string& name, int error) {
  const std::string what = absl::StrCat("create TUN device ", name, ": ", std::strerror(error));
  switch (error) {
    case EBUSY:
      return absl::AlreadyExistsError(
          absl::StrCat(what, " (an interface of this name exists; remove it or choose another)"));
    case EPERM:
    case EACCES:
      return absl::PermissionDeniedError(absl::StrCat(what, " (needs CAP_NET_ADMIN)"));
    case EINVAL:
      return absl::InvalidArgumentError(absl::StrCat(what, " (not a valid interface name)"));
    case ENOTTY:
      return absl::FailedPreconditionError(
          absl::StrCat("cannot create TUN device ", name,
                       ": /dev/net/tun is another file than the kernel's; "
                       "make it anew (rm /dev/net/tun; mknod /dev/net/tun c 10 200), or hand that "
                       "of the host to "
                       "the container"));
    default:
      return absl::ErrnoToStatus(error, absl::StrCat("create TUN device ", name));
  }
}

ifreq RequestFor(const std::string& name) {
  ifreq request{};
  std::copy_n(name.data(), std::min(name.size(), sizeof(request.ifr_name) - 1), request.ifr_name);
  return request;
}

// Opens one queue. A plain TUNSETIFF joins an existing device, so our first one is exclusive.
// `*name` becomes the kernel's name for it.
absl::StatusOr<UniqueFd> OpenQueue(std::string* name, bool first) {
  UniqueFd fd(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return OpenError(*name, errno);
  ifreq request = RequestFor(*name);
  const unsigned flags =
      IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE | (first ? IFF_TUN_EXCL : 0U);
  request.ifr_flags = static_cast<short>(flags);
  if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) return AttachError(*name, errno);
  *name = std::string(request.ifr_name, strnlen(request.ifr_name, sizeof(request.ifr_name)));
  return fd;
}

// Requests all wanted offloads, then fewer. The kernel refuses an unknown bit with EINVAL and
// changes nothing.
absl::Status SetOffloads(int fd, const TunOptions& options, TunDevice* device) {
  const std::array<std::pair<bool, bool>, 3> wishes{
      {{options.tso, options.uso}, {options.tso, false}, {false, false}}};
  absl::Status status;
  for (const auto& [tso, uso] : wishes) {
    status = SetTunOffloads(fd, tso, uso);
    if (!status.ok()) continue;
    device->tso = tso;
    device->uso = uso;
    return status;
  }
  return status;
}

absl::Status SetUpDevice(const TunOptions& options, TunDevice* device) {
  const int fd = device->queues.front().get();
  int header_size = kVnetHeaderSize;
  if (::ioctl(fd, TUNSETVNETHDRSZ, &header_size) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("set the header size of ", device->name));
  }
  RETURN_IF_ERROR(SetOffloads(fd, options, device));

  UniqueFd control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!control.valid()) control = UniqueFd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = RequestFor(device->name);
  if (!control.valid() || ::ioctl(control.get(), SIOCGIFINDEX, &request) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("ask for the index of ", device->name));
  }
  device->interface_index = static_cast<uint32_t>(request.ifr_ifindex);
  // The kernel may refuse; the default of 500 works too.
  request = RequestFor(device->name);
  request.ifr_qlen = kTxQueueLength;
  ::ioctl(control.get(), SIOCSIFTXQLEN, &request);
  return absl::OkStatus();
}

}  // namespace

absl::Status SetTunOffloads(int queue_fd, bool tso, bool uso) {
  // Without checksum offload the kernel would complete every checksum, although core completes or
  // recomputes it anyway.
  const unsigned long flags = TUN_F_CSUM | (tso ? kTsoFlags : 0U) | (uso ? kUsoFlags : 0U);
  if (::ioctl(queue_fd, TUNSETOFFLOAD, flags) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "set offloads of a TUN device");
}

absl::StatusOr<TunDevice> CreateTunDevice(const TunOptions& options) {
  if (options.name.empty() || options.name.size() >= IFNAMSIZ) {
    return absl::InvalidArgumentError(absl::StrCat(
        "create TUN device \"", options.name, "\": a name has 1 to ", IFNAMSIZ - 1, " characters"));
  }
  TunDevice device;
  device.name = options.name;
  device.created = true;
  for (size_t i = 0; i < options.queues; ++i) {
    ASSIGN_OR_RETURN(UniqueFd queue, OpenQueue(&device.name, i == 0));
    device.queues.push_back(std::move(queue));
    if (i > 0) continue;
    RETURN_IF_ERROR(SetUpDevice(options, &device));
  }
  return device;
}

}  // namespace ringwire::platform
