#include "core/wire/ip_packet.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/wire/checksum.h"

namespace ringwire {
namespace {

constexpr uint8_t kHopByHop = 0, kRouting = 43, kFragment = 44, kAuthentication = 51,
                  kDestinationOptions = 60;
// RFC 8200 §4.1 recommends at most one of each, destination options twice.
constexpr int kExtensionHeadersMax = 8;

IpAddress AddressAt(IpFamily family, std::span<const uint8_t> bytes) {
  IpAddress address;
  address.family = family;
  std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
  return address;
}

std::optional<IpPacket> ParseIpv4(std::span<const uint8_t> packet) {
  if (packet.size() < kIpv4HeaderBytesMin) return std::nullopt;
  const uint8_t* const p = packet.data();
  IpPacket ip;
  ip.family = IpFamily::kV4;
  ip.header_bytes = size_t{p[0] & 0x0fu} * 4;
  ip.total_bytes = LoadBe16(p + 2);
  if (ip.header_bytes < kIpv4HeaderBytesMin || ip.header_bytes > ip.total_bytes ||
      ip.total_bytes > packet.size()) {
    return std::nullopt;
  }
  ip.tos = p[1];
  ip.protocol = p[9];
  ip.source = AddressAt(IpFamily::kV4, packet.subspan(12, 4));
  ip.destination = AddressAt(IpFamily::kV4, packet.subspan(16, 4));
  return ip;
}

std::optional<IpPacket> ParseIpv6(std::span<const uint8_t> packet) {
  if (packet.size() < kIpv6HeaderBytes) return std::nullopt;
  const uint8_t* const p = packet.data();
  IpPacket ip;
  ip.family = IpFamily::kV6;
  ip.header_bytes = kIpv6HeaderBytes;
  ip.total_bytes = kIpv6HeaderBytes + LoadBe16(p + 4);
  if (ip.total_bytes > packet.size()) return std::nullopt;
  ip.tos = static_cast<uint8_t>((LoadBe16(p) >> 4) & 0xff);
  ip.protocol = p[6];
  ip.source = AddressAt(IpFamily::kV6, packet.subspan(8, 16));
  ip.destination = AddressAt(IpFamily::kV6, packet.subspan(24, 16));
  return ip;
}

}  // namespace

IpFamily IpVersionOf(std::span<const uint8_t> packet) {
  if (packet.empty()) return IpFamily::kNone;
  switch (packet[0] >> 4) {
    case 4:
      return IpFamily::kV4;
    case 6:
      return IpFamily::kV6;
    default:
      return IpFamily::kNone;
  }
}

std::optional<IpPacket> ParseIpPacket(std::span<const uint8_t> packet) {
  switch (IpVersionOf(packet)) {
    case IpFamily::kV4:
      return ParseIpv4(packet);
    case IpFamily::kV6:
      return ParseIpv6(packet);
    case IpFamily::kNone:
      return std::nullopt;
  }
  return std::nullopt;
}

bool IsIpv6ExtensionHeader(uint8_t next_header) {
  return next_header == kHopByHop || next_header == kRouting || next_header == kFragment ||
         next_header == kAuthentication || next_header == kDestinationOptions;
}

std::optional<IpPayload> FindIpPayload(std::span<const uint8_t> packet, const IpPacket& ip) {
  DCHECK(ip.total_bytes <= packet.size());
  const uint8_t* const p = packet.data();
  IpPayload payload{ip.protocol, ip.header_bytes};
  if (ip.family == IpFamily::kV4) {
    const uint16_t fragment = LoadBe16(p + 6) & 0x3fff;  // MF and the offset
    payload.is_fragment = fragment != 0;
    payload.is_first_fragment = (fragment & 0x1fff) == 0;
    return payload;
  }
  for (int i = 0; i < kExtensionHeadersMax; ++i) {
    if (!IsIpv6ExtensionHeader(payload.protocol)) return payload;
    if (payload.offset + 8 > ip.total_bytes) return std::nullopt;
    const uint8_t* const header = p + payload.offset;
    size_t bytes = (size_t{header[1]} + 1) * 8;
    if (payload.protocol == kAuthentication) bytes = (size_t{header[1]} + 2) * 4;
    if (payload.protocol == kRouting && header[3] != 0) payload.is_source_routed = true;
    if (payload.protocol == kFragment) {
      bytes = 8;  // header[1] is reserved
      const uint16_t fragment = LoadBe16(header + 2);
      payload.is_fragment = payload.is_fragment || (fragment & 0xfff9) != 0;
      payload.is_first_fragment = (fragment & 0xfff8) == 0;
    }
    if (payload.offset + bytes > ip.total_bytes) return std::nullopt;
    payload.protocol = header[0];
    payload.offset += bytes;
    if (!payload.is_first_fragment) return payload;
  }
  return std::nullopt;
}

void SetTos(std::span<uint8_t> packet, uint8_t tos) {
  uint8_t* const p = packet.data();
  const uint16_t old_word = LoadBe16(p);
  if (IpVersionOf(packet) == IpFamily::kV6) {
    StoreBe16(p, static_cast<uint16_t>((old_word & 0xf00f) | (tos << 4)));
    return;
  }
  DCHECK(IpVersionOf(packet) == IpFamily::kV4 && packet.size() >= kIpv4HeaderBytesMin);
  const auto new_word = static_cast<uint16_t>((old_word & 0xff00) | tos);
  StoreBe16(p, new_word);
  StoreBe16(p + 10, UpdateChecksum(LoadBe16(p + 10), old_word, new_word));
}

}  // namespace ringwire
