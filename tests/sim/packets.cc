#include "tests/sim/packets.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/endian.h"

namespace ringwire {
namespace {

constexpr size_t kUdpHeaderBytes = 8;
constexpr uint8_t kProtocolUdp = 17;

size_t IpHeaderBytes(std::span<const uint8_t> packet) { return packet[0] >> 4 == 4 ? 20 : 40; }

}  // namespace

IpAddress InsideAddress(IpFamily family, size_t host) {
  return TestAddress(family, static_cast<uint8_t>(host + 1));
}

Bytes BuildMarkedPacket(IpFamily family, size_t from_host, size_t to_host, size_t payload_bytes,
                        uint64_t id) {
  CHECK(payload_bytes >= kMarkedBytes);
  Bytes packet = BuildPacket({.family = family,
                              .source = InsideAddress(family, from_host),
                              .destination = InsideAddress(family, to_host),
                              .payload_bytes = payload_bytes,
                              .payload_seed = static_cast<uint8_t>(id)});
  uint8_t* const payload = packet.data() + IpHeaderBytes(packet) + kUdpHeaderBytes;
  std::ranges::copy(kPacketMarker, payload);
  StoreLe64(payload + kPacketMarker.size(), id);
  FixTransportChecksum(packet);
  return packet;
}

std::optional<uint64_t> MarkedPacketId(std::span<const uint8_t> packet) {
  if (packet.empty()) return std::nullopt;
  const size_t at = IpHeaderBytes(packet) + kUdpHeaderBytes;
  if (packet.size() < at + kMarkedBytes) return std::nullopt;
  if (packet[packet[0] >> 4 == 4 ? 9 : 6] != kProtocolUdp) return std::nullopt;
  const std::span<const uint8_t> payload = packet.subspan(at);
  if (!std::ranges::equal(
          payload.first(kPacketMarker.size()), kPacketMarker,
          [](uint8_t byte, char letter) { return byte == static_cast<uint8_t>(letter); })) {
    return std::nullopt;
  }
  return LoadLe64(payload.data() + kPacketMarker.size());
}

}  // namespace ringwire
