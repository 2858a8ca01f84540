#ifndef RINGWIRE_CORE_NOISE_TRANSPORT_H_
#define RINGWIRE_CORE_NOISE_TRANSPORT_H_

#include <cstddef>
#include <cstdint>

namespace ringwire {

// The size of a packet after padding to a multiple of 16 (WP §5.4.6). A packet within the MTU is
// never padded beyond it; `mtu` 0 means no clamp. A superpacket's segments are padded as the
// packets that they become.
size_t PaddedSize(size_t packet_bytes, size_t mtu);

// Writes the 16-byte header of a transport message.
void StoreTransportHeader(uint8_t* out, uint32_t receiver_index, uint64_t counter);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_NOISE_TRANSPORT_H_
