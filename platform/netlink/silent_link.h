#ifndef RINGWIRE_PLATFORM_NETLINK_SILENT_LINK_H_
#define RINGWIRE_PLATFORM_NETLINK_SILENT_LINK_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "platform/netlink/netlink.h"

namespace ringwire::platform {

inline constexpr uint32_t kIpv6MtuMin = 1280;  // with a smaller one an interface has no IPv6

// Makes a new interface of this network namespace, which is still down, as silent as a WireGuard
// device of the kernel: each packet that a host sends by itself would start a handshake. It gets no
// link-local address of the kernel's, joins no multicast group, and takes no router's word for
// routes or addresses. The error names what the kernel refused; everything else is done.
absl::Status SilenceNewLink(Netlink* netlink, uint32_t interface_index, const std::string& name,
                            uint32_t mtu);

// Does it again where the kernel has made IPv6 anew on an interface that is up: with an MTU below
// 1280 it removes IPv6, and with a greater one it begins with its defaults.
absl::Status SilenceIpv6Again(Netlink* netlink, uint32_t interface_index, const std::string& name);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_SILENT_LINK_H_
