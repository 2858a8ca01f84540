#include "platform/netlink/silent_link.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {
namespace {

// A setting of IPv6 on this interface; 0: there is none.
char ReadSetting(const std::string& name, const char* setting) {
  const std::string path = fmt::format("/proc/sys/net/ipv6/conf/{}/{}", name, setting);
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  char value = 0;
  return fd.valid() && ::read(fd.get(), &value, 1) == 1 ? value : '\0';
}

// With a link-local address that the file gives, the kernel would also solicit routers.
absl::Status IgnoreRouters(const std::string& name) {
  const char accepts = ReadSetting(name, "accept_ra");
  if (accepts == 0 || accepts == '0') return absl::OkStatus();
  const std::string path = fmt::format("/proc/sys/net/ipv6/conf/{}/accept_ra", name);
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (fd.valid() && ::write(fd.get(), "0", 1) == 1) return absl::OkStatus();
  const int error = errno;
  if (ReadSetting(name, "disable_ipv6") == '1') return absl::OkStatus();
  return absl::ErrnoToStatus(
      error, fmt::format("cannot set net.ipv6.conf.{}.accept_ra to 0: a peer whose AllowedIPs "
                         "include fe80::/10 can give this host routes; start the container with "
                         "--sysctl net.ipv6.conf.default.accept_ra=0",
                         name));
}

}  // namespace

absl::Status SilenceNewLink(Netlink* netlink, uint32_t interface_index, const std::string& name,
                            uint32_t mtu) {
  absl::Status status = netlink->SetMulticastOff(interface_index);
  // A host that forwards has joined the group of all routers with the interface, and would report
  // that through the tunnel. The kernel forgets it with IPv6, which it makes anew for a larger MTU.
  status.Update(netlink->SetMtu(interface_index, kIpv6MtuMin - 1));
  status.Update(netlink->SetMtu(interface_index, mtu));
  status.Update(netlink->SetNoLinkLocal(interface_index));
  status.Update(IgnoreRouters(name));
  return status;
}

absl::Status SilenceIpv6Again(Netlink* netlink, uint32_t interface_index, const std::string& name) {
  absl::Status status = netlink->SetNoLinkLocal(interface_index);
  status.Update(IgnoreRouters(name));
  ASSIGN_OR_RETURN(const std::vector<InterfaceAddress> addresses,
                   netlink->Addresses(interface_index));
  // IPv6 was not there before, so nobody else has set one.
  for (const InterfaceAddress& address : addresses) {
    if (!address.address.IsLinkLocalV6()) continue;
    status.Update(netlink->RemoveAddress(interface_index, address));
  }
  return status;
}

}  // namespace ringwire::platform
