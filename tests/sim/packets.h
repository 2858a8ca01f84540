#ifndef RINGWIRE_TESTS_SIM_PACKETS_H_
#define RINGWIRE_TESTS_SIM_PACKETS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "tests/support/packet_builder.h"

namespace ringwire {

// The start of every simulated packet's payload: if it appears on the wire, plaintext leaked. The
// packet's number follows.
inline constexpr std::string_view kPacketMarker = "ringwire-sim";
inline constexpr size_t kMarkedBytes = kPacketMarker.size() + sizeof(uint64_t);

// A UDP packet from one host's inside address to another's. `payload_bytes` >= kMarkedBytes.
Bytes BuildMarkedPacket(IpFamily family, size_t from_host, size_t to_host, size_t payload_bytes,
                        uint64_t id);
// The number of a packet built above; nullopt: another packet.
std::optional<uint64_t> MarkedPacketId(std::span<const uint8_t> packet);
// A host's address inside the tunnel.
IpAddress InsideAddress(IpFamily family, size_t host);

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SIM_PACKETS_H_
