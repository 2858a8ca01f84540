#ifndef RINGWIRE_CORE_WIRE_CHECKSUM_H_
#define RINGWIRE_CORE_WIRE_CHECKSUM_H_

#include <cstdint>
#include <span>

#include "core/wire/address.h"

// The internet checksum (RFC 1071, RFC 1624).
namespace ringwire {

// One's-complement sum of `bytes` as big-endian 16-bit words (an odd last byte is padded with
// zero), added to `initial`. Not folded to the end and not inverted: combine partial sums freely,
// then call FoldChecksum.
uint64_t ChecksumPartial(std::span<const uint8_t> bytes, uint64_t initial = 0);
// The same sum of `from`, which is copied to `to` meanwhile. They do not overlap.
uint64_t CopyWithChecksum(std::span<const uint8_t> from, uint8_t* to, uint64_t initial);
// The 16-bit folded sum in host order, not inverted.
uint16_t FoldChecksum(uint64_t sum);
// The pseudo-header of TCP, UDP and ICMPv6. `source` and `destination` are the addresses' raw bytes
// (4 or 16 each).
uint64_t PseudoHeaderSum(std::span<const uint8_t> source, std::span<const uint8_t> destination,
                         uint8_t protocol, uint32_t length);
// A new checksum field after one 16-bit word under it changed (RFC 1624, eqn. 3). All in host
// order.
uint16_t UpdateChecksum(uint16_t checksum, uint16_t old_word, uint16_t new_word);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_WIRE_CHECKSUM_H_
