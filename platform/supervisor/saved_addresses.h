#ifndef RINGWIRE_PLATFORM_SUPERVISOR_SAVED_ADDRESSES_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_SAVED_ADDRESSES_H_

#include <span>
#include <vector>

#include "core/config/config_value.h"

namespace ringwire::platform {

// The interface's addresses for `save`.
struct AddressesToSave {
  std::vector<InterfaceAddress> present;  // to add if the file lacks them
  std::vector<InterfaceAddress> gone;     // to remove from the file
};

// `configured`: as the configuration in force has them; `now`: as the interface has them. A
// link-local address of IPv6 counts only where it is configured, as the kernel gives an interface
// one of its own. While the link is down the interface has no IPv6 address, so none counts as gone.
// Pure.
AddressesToSave CompareAddresses(std::span<const InterfaceAddress> configured,
                                 std::span<const InterfaceAddress> now, bool is_link_up);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_SAVED_ADDRESSES_H_
