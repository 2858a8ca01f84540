#ifndef RINGWIRE_CORE_ROUTING_KNOWN_SOURCES_H_
#define RINGWIRE_CORE_ROUTING_KNOWN_SOURCES_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/wire/address.h"

namespace ringwire {

// The addresses at which peers were last reached, as a filter: it may also answer yes for others.
// During a flood from invented sources, a peer that comes back from its address is not one message
// among many. Control is the single writer; workers read.
class KnownSources {
 public:
  KnownSources() : words_(new std::atomic<uint64_t>[kWords]()) {}

  bool Contains(const IpAddress& address) const {
    const uint64_t hash = HashOf(address);
    return IsSet(hash % kBits) && IsSet((hash >> 32) % kBits);
  }
  void Add(const IpAddress& address);
  // So many were added that it would soon answer yes for everybody: Clear(), add those that still
  // count, and call Rebuilt().
  bool is_full() const { return added_ >= full_at_; }
  void Clear();
  // It is full again when as many came anew, so that very many peers cost no rebuild at each call.
  void Rebuilt() { full_at_ = std::max(kAddedMax, 2 * added_); }

 private:
  static constexpr size_t kBits = size_t{1} << 20;
  static constexpr size_t kWords = kBits / 64;
  // Then it answers yes for one in ten others.
  static constexpr size_t kAddedMax = kBits / 5;

  // Not keyed: an attacker who knows a peer's address sends from that.
  static uint64_t HashOf(const IpAddress& address);
  bool IsSet(uint64_t bit) const {
    return (words_[bit / 64].load(std::memory_order_relaxed) >> (bit % 64) & 1) != 0;
  }
  void Set(uint64_t bit) {
    words_[bit / 64].fetch_or(uint64_t{1} << (bit % 64), std::memory_order_relaxed);
  }

  const std::unique_ptr<std::atomic<uint64_t>[]> words_;
  // Control's.
  size_t added_ = 0;
  size_t full_at_ = kAddedMax;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_ROUTING_KNOWN_SOURCES_H_
