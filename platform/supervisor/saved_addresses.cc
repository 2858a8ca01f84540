#include "platform/supervisor/saved_addresses.h"

#include <algorithm>

namespace ringwire::platform {

AddressesToSave CompareAddresses(std::span<const InterfaceAddress> configured,
                                 std::span<const InterfaceAddress> now, bool is_link_up) {
  const auto is_in = [](std::span<const InterfaceAddress> list, const InterfaceAddress& one) {
    return std::ranges::find(list, one) != list.end();
  };
  AddressesToSave result;
  for (const InterfaceAddress& address : now) {
    if (!address.address.IsLinkLocalV6() || is_in(configured, address)) {
      result.present.push_back(address);
    }
  }
  for (const InterfaceAddress& address : configured) {
    if (is_in(now, address)) continue;
    if (is_link_up || address.address.family == IpFamily::kV4) result.gone.push_back(address);
  }
  return result;
}

}  // namespace ringwire::platform
