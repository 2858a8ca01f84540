#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_ADDRESS_ORDER_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_ADDRESS_ORDER_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/gateway/host/action_executor.h"
#include "platform/gateway/plan/plan.h"

namespace ringwire::platform {

// The kernel's order of IPv4 addresses that are added to an interface in this order: first the
// first of each network, the source of packets, then all others.
std::vector<InterfaceAddress> KernelOrder(const std::vector<InterfaceAddress>& added);

// Brings the existing IPv4 addresses of a plan into the order of a fresh start. True: some were
// removed and added again, and routes may have gone with them.
absl::StatusOr<bool> PutAddressesInOrder(const std::vector<Step>& steps, ActionExecutor* host);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_ADDRESS_ORDER_H_
