#ifndef RINGWIRE_CORE_DATAPATH_MSS_CLAMP_H_
#define RINGWIRE_CORE_DATAPATH_MSS_CLAMP_H_

#include <cstdint>
#include <span>

#include "core/wire/ip_packet.h"

namespace ringwire {

// Lowers the MSS option of a TCP packet with SYN, so that segments of the connection fit packets of
// `packet_bytes_max`. Leaves all other packets as they are, and one without the option. The
// checksum, complete before, follows. `ip` is the result of ParseIpPacket() for `packet`.
void ClampMss(std::span<uint8_t> packet, const IpPacket& ip, uint32_t packet_bytes_max);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DATAPATH_MSS_CLAMP_H_
