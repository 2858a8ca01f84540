#ifndef RINGWIRE_PLATFORM_NETLINK_CONNTRACK_H_
#define RINGWIRE_PLATFORM_NETLINK_CONNTRACK_H_

#include <cstddef>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "core/config/gateway_config.h"
#include "core/wire/address.h"

// What the kernel remembers of conversations by UDP (conntrack), by which it goes on to do with
// datagrams what it has decided for the first one.
namespace ringwire::platform {

struct TrackedDatagrams {
  SocketAddress asked;   // where the first datagram was sent to
  SocketAddress served;  // who gets it: another one than was asked if the ports are forwarded
};

// Forwarded ports that datagrams are sent to.
struct DatagramForwards {
  std::vector<PortForward> forwards;
  std::vector<IpAddress> own;  // addresses of this host whose ports are not forwarded
  friend bool operator==(const DatagramForwards&, const DatagramForwards&) = default;
};

// `local`: the addresses of this host. Pure.
bool IsUnforwarded(const TrackedDatagrams& one, const DatagramForwards& ports,
                   const std::vector<Prefix>& local);
bool IsForwarded(const TrackedDatagrams& one, const DatagramForwards& ports,
                 const std::vector<Prefix>& local);

// Makes the kernel of this network namespace forget those for which `which` is true, and returns
// how many. The table is read once, an entry at a time.
absl::StatusOr<size_t> ForgetDatagrams(absl::FunctionRef<bool(const TrackedDatagrams&)> which);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_CONNTRACK_H_
