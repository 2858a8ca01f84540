#ifndef RINGWIRE_PLATFORM_NETLINK_CONNTRACK_H_
#define RINGWIRE_PLATFORM_NETLINK_CONNTRACK_H_

#include <cstddef>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "core/config/gateway_config.h"
#include "core/wire/address.h"

// The kernel's connection tracking of UDP: it treats later datagrams of a flow as it decided for
// the first one.
namespace ringwire::platform {

struct TrackedDatagrams {
  SocketAddress asked;   // the first datagram's destination
  SocketAddress served;  // its receiver: differs from the destination if the port is forwarded
};

// Forwarded UDP ports.
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

// Deletes the entries of this network namespace for which `which` is true, and returns how many.
// Reads the table once, an entry at a time.
absl::StatusOr<size_t> ForgetDatagrams(absl::FunctionRef<bool(const TrackedDatagrams&)> which);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_CONNTRACK_H_
