#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_ADDRESS_ORDER_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_ADDRESS_ORDER_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/gateway/host/action_executor.h"
#include "platform/gateway/plan/plan.h"

namespace ringwire::platform {

// How the kernel keeps IPv4 addresses that are added to an interface in that order: first those
// that were the first of their network, which packets leave with, then all others.
std::vector<InterfaceAddress> KernelOrder(const std::vector<InterfaceAddress>& added);

// Brings the IPv4 addresses of a plan, which are there, into the order in which a fresh start would
// have added them. True: some were taken off and added again, with which routes may have gone.
absl::StatusOr<bool> PutAddressesInOrder(const std::vector<Step>& steps, Host* host);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_ADDRESS_ORDER_H_
