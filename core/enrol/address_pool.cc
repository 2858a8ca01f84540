#include "core/enrol/address_pool.h"

#include <algorithm>
#include <cstddef>

#include "core/enrol/limits.h"

namespace ringwire::enrol {
namespace {

// How many numbers of a network count; at most twice kLeasesMax, so that a search ends soon.
uint32_t NumbersOf(const Prefix& network) {
  const int host_bits = network.address.Bits() - network.length;
  constexpr int kBitsMax = 17;
  static_assert((uint32_t{1} << kBitsMax) == 2 * kLeasesMax);
  return uint32_t{1} << std::min(host_bits, kBitsMax);
}

IpAddress Plus(IpAddress address, uint32_t number) {
  for (int byte = address.Bits() / 8 - 1; byte >= 0 && number > 0; --byte) {
    const uint32_t sum = address.bytes[static_cast<size_t>(byte)] + (number & 0xff);
    address.bytes[static_cast<size_t>(byte)] = static_cast<uint8_t>(sum);
    number = (number >> 8) + (sum >> 8);
  }
  return address;
}

// The first and the last address of an IPv4 network, which no host may have (RFC 1122); the first
// of an IPv6 network is its routers' (RFC 4291).
bool IsOfTheNetwork(const Prefix& network, uint32_t number) {
  const int host_bits = network.address.Bits() - network.length;
  if (host_bits <= 1) return false;
  if (number == 0) return true;
  return network.address.family == IpFamily::kV4 && host_bits < 32 &&
         number == (uint32_t{1} << host_bits) - 1;
}

uint32_t NumbersOf(std::span<const Prefix> networks) {
  uint32_t sum = 0;
  for (const Prefix& network : networks) sum += NumbersOf(network);
  return sum;
}

}  // namespace

AddressPool::AddressPool(std::span<const Prefix> pool, std::span<const Prefix> reserved) {
  for (const Prefix& network : pool) {
    (network.address.family == IpFamily::kV4 ? v4_ : v6_).push_back(network);
  }
  for (const Prefix& prefix : reserved) {
    if (prefix.IsHost()) {
      reserved_hosts_.insert(prefix.address);
    } else {
      reserved_networks_.push_back(prefix);
    }
  }
  numbers_ = v4_.empty() || v6_.empty() ? std::max(NumbersOf(v4_), NumbersOf(v6_))
                                        : std::min(NumbersOf(v4_), NumbersOf(v6_));
}

bool AddressPool::IsReserved(const IpAddress& address) const {
  return reserved_hosts_.contains(address) ||
         std::ranges::any_of(reserved_networks_,
                             [&address](const Prefix& prefix) { return prefix.Contains(address); });
}

std::optional<IpAddress> AddressPool::AddressAt(std::span<const Prefix> networks,
                                                uint32_t number) const {
  for (const Prefix& network : networks) {
    const uint32_t count = NumbersOf(network);
    if (number >= count) {
      number -= count;
      continue;
    }
    const IpAddress address = Plus(network.address, number);
    if (IsOfTheNetwork(network, number) || IsReserved(address)) return std::nullopt;
    return address;
  }
  return std::nullopt;
}

std::vector<IpAddress> AddressPool::At(uint32_t number) const {
  std::vector<IpAddress> addresses;
  for (const std::vector<Prefix>* const networks : {&v4_, &v6_}) {
    if (networks->empty()) continue;
    const std::optional<IpAddress> address = AddressAt(*networks, number);
    if (!address.has_value()) return {};
    addresses.push_back(*address);
  }
  return addresses;
}

bool AddressPool::Contains(const IpAddress& address) const {
  const std::vector<Prefix>& networks = address.family == IpFamily::kV4 ? v4_ : v6_;
  const auto holds = [&address](const Prefix& network) {
    if (!network.Contains(address)) return false;
    const int host_bits = network.address.Bits() - network.length;
    if (host_bits <= 1) return true;
    if (address == network.address) return false;
    return address.family == IpFamily::kV6 || host_bits >= 32 ||
           address != Plus(network.address, (uint32_t{1} << host_bits) - 1);
  };
  return address.IsSet() && std::ranges::any_of(networks, holds) && !IsReserved(address);
}

bool AddressPool::IsWhole(std::span<const IpAddress> addresses) const {
  size_t v4 = 0;
  for (const IpAddress& address : addresses) {
    if (!Contains(address)) return false;
    if (address.family == IpFamily::kV4) ++v4;
  }
  return v4 == (v4_.empty() ? 0U : 1U) && addresses.size() - v4 == (v6_.empty() ? 0U : 1U) &&
         !addresses.empty();
}

std::vector<IpAddress> AddressPool::Next(absl::FunctionRef<bool(const IpAddress&)> is_free) {
  for (uint32_t tried = 0; tried < numbers_; ++tried) {
    const uint32_t number = next_;
    next_ = next_ + 1 == numbers_ ? 0 : next_ + 1;
    std::vector<IpAddress> addresses = At(number);
    if (!addresses.empty() && std::ranges::all_of(addresses, is_free)) return addresses;
  }
  return {};
}

}  // namespace ringwire::enrol
