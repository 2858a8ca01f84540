#ifndef RINGWIRE_CORE_BASE_ENDIAN_H_
#define RINGWIRE_CORE_BASE_ENDIAN_H_

#include <bit>
#include <cstdint>
#include <cstring>

namespace ringwire {

// Unaligned loads and stores in a stated byte order: little-endian for WireGuard's own fields,
// big-endian for IP's. ringwire runs on little-endian machines only; a port to others starts at the
// assertion below.
static_assert(std::endian::native == std::endian::little);

template <typename T>
T LoadRaw(const uint8_t* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}
template <typename T>
void StoreRaw(uint8_t* p, T value) {
  std::memcpy(p, &value, sizeof value);
}

inline uint32_t LoadLe32(const uint8_t* p) { return LoadRaw<uint32_t>(p); }
inline uint64_t LoadLe64(const uint8_t* p) { return LoadRaw<uint64_t>(p); }
inline void StoreLe32(uint8_t* p, uint32_t v) { StoreRaw(p, v); }
inline void StoreLe64(uint8_t* p, uint64_t v) { StoreRaw(p, v); }

inline uint16_t LoadBe16(const uint8_t* p) { return __builtin_bswap16(LoadRaw<uint16_t>(p)); }
inline uint32_t LoadBe32(const uint8_t* p) { return __builtin_bswap32(LoadRaw<uint32_t>(p)); }
inline uint64_t LoadBe64(const uint8_t* p) { return __builtin_bswap64(LoadRaw<uint64_t>(p)); }
inline void StoreBe16(uint8_t* p, uint16_t v) { StoreRaw(p, __builtin_bswap16(v)); }
inline void StoreBe32(uint8_t* p, uint32_t v) { StoreRaw(p, __builtin_bswap32(v)); }
inline void StoreBe64(uint8_t* p, uint64_t v) { StoreRaw(p, __builtin_bswap64(v)); }

}  // namespace ringwire

#endif  // RINGWIRE_CORE_BASE_ENDIAN_H_
