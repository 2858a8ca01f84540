#include "platform/gateway/host/address_order.h"

#include <algorithm>
#include <utility>

#include "core/base/status_macros.h"

namespace ringwire::platform {
namespace {

bool IsOfOneNetwork(const InterfaceAddress& a, const InterfaceAddress& b) {
  return a.length == b.length && Prefix::Of(a.address, a.length) == Prefix::Of(b.address, b.length);
}

std::vector<InterfaceAddress> AddressesOf(const std::vector<Step>& steps) {
  std::vector<InterfaceAddress> addresses;
  for (const Step& step : steps) {
    const action::AddAddress* const add =
        step.apply.has_value() ? std::get_if<action::AddAddress>(&*step.apply) : nullptr;
    if (add != nullptr && add->address.address.family == IpFamily::kV4) {
      addresses.push_back(add->address);
    }
  }
  return addresses;
}

}  // namespace

std::vector<InterfaceAddress> KernelOrder(const std::vector<InterfaceAddress>& added) {
  std::vector<InterfaceAddress> first;
  std::vector<InterfaceAddress> others;
  for (const InterfaceAddress& address : added) {
    const bool is_first = std::ranges::none_of(
        first, [&address](const InterfaceAddress& one) { return IsOfOneNetwork(one, address); });
    (is_first ? first : others).push_back(address);
  }
  first.insert(first.end(), others.begin(), others.end());
  return first;
}

absl::StatusOr<bool> PutAddressesInOrder(const std::vector<Step>& steps, ActionExecutor* host) {
  const std::vector<InterfaceAddress> added = AddressesOf(steps);
  const std::vector<InterfaceAddress> wanted = KernelOrder(added);
  ASSIGN_OR_RETURN(std::vector<InterfaceAddress> present, host->Addresses());
  std::erase_if(present, [&wanted](const InterfaceAddress& address) {
    return std::ranges::find(wanted, address) == wanted.end();
  });
  const auto wrong = std::ranges::mismatch(wanted, present).in1;
  if (wrong == wanted.end()) return false;
  // Hold a temporary address meanwhile: when the last IPv4 address goes, the kernel drops all
  // routes of the interface, hooks' included.
  InterfaceAddress meanwhile = wanted.front();
  meanwhile.length = meanwhile.length == 32 ? 31 : 32;
  const absl::StatusOr<bool> kept = host->Apply(action::AddAddress{meanwhile});
  absl::Status status = kept.status();
  // Backwards: with the first address of a network the kernel removes the others.
  for (auto address = wanted.end(); address != wrong;) {
    status.Update(host->Apply(action::RemoveAddress{*--address}).status());
  }
  for (const InterfaceAddress& address : added) {
    status.Update(host->Apply(action::AddAddress{address}).status());
  }
  if (kept.ok() && *kept) status.Update(host->Apply(action::RemoveAddress{meanwhile}).status());
  if (!status.ok()) return status;
  return true;
}

}  // namespace ringwire::platform
