#include "core/routing/known_sources.h"

#include "core/base/endian.h"

namespace ringwire {

uint64_t KnownSources::HashOf(const IpAddress& address) {
  // The finaliser of splitmix64 over both halves.
  const auto mix = [](uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
  };
  const uint64_t high = LoadBe64(address.bytes.data());
  const uint64_t low = LoadBe64(address.bytes.data() + 8);
  return mix(mix(high + 1) ^ low);
}

void KnownSources::Add(const IpAddress& address) {
  if (!address.IsSet() || Contains(address)) return;
  const uint64_t hash = HashOf(address);
  Set(hash % kBits);
  Set((hash >> 32) % kBits);
  ++added_;
}

void KnownSources::Clear() {
  for (size_t i = 0; i < kWords; ++i) words_[i].store(0, std::memory_order_relaxed);
  added_ = 0;
}

}  // namespace ringwire
