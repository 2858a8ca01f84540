#ifndef RINGWIRE_PLATFORM_GATEWAY_TRACKED_DATAGRAMS_H_
#define RINGWIRE_PLATFORM_GATEWAY_TRACKED_DATAGRAMS_H_

#include <cstddef>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "core/wire/address.h"
#include "platform/gateway/action.h"

// What the kernel remembers of conversations by UDP (conntrack), by which it goes on to do with
// datagrams what it has decided for the first one.
namespace ringwire::platform {

struct TrackedDatagrams {
  SocketAddress asked;   // where the first datagram was sent to
  SocketAddress served;  // who gets it: another one than was asked if the ports are forwarded
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

#endif  // RINGWIRE_PLATFORM_GATEWAY_TRACKED_DATAGRAMS_H_
