#ifndef RINGWIRE_CORE_ENROL_ADDRESS_POOL_H_
#define RINGWIRE_CORE_ENROL_ADDRESS_POOL_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/functional/function_ref.h"
#include "core/wire/address.h"

namespace ringwire::enrol {

// The addresses that leases may have: those of the pool's networks without what is reserved, and of
// IPv4 networks without the first and the last. A lease has one of each family; both have the same
// host number. Pure. Thread-compatible.
class AddressPool {
 public:
  AddressPool() = default;
  AddressPool(std::span<const Prefix> pool, std::span<const Prefix> reserved);

  bool Contains(const IpAddress& address) const;
  // Whether these are addresses of one lease: one of each family that the pool has, all contained.
  bool IsWhole(std::span<const IpAddress> addresses) const;

  // The next addresses that `is_free`, after those that were given last. Empty: none is left.
  std::vector<IpAddress> Next(absl::FunctionRef<bool(const IpAddress&)> is_free);

 private:
  // The addresses with this number; empty: there is none, or it is reserved.
  std::vector<IpAddress> At(uint32_t number) const;
  std::optional<IpAddress> AddressAt(std::span<const Prefix> networks, uint32_t number) const;
  bool IsReserved(const IpAddress& address) const;

  std::vector<Prefix> v4_;
  std::vector<Prefix> v6_;
  absl::btree_set<IpAddress> reserved_hosts_;
  std::vector<Prefix> reserved_networks_;
  uint32_t numbers_ = 0;  // that any family has
  uint32_t next_ = 0;
};

}  // namespace ringwire::enrol

#endif  // RINGWIRE_CORE_ENROL_ADDRESS_POOL_H_
