#include "tests/support/packet_builder.h"

#include <algorithm>

namespace ringwire {
namespace {

constexpr uint8_t kIcmpV4 = 1, kTcp = 6, kUdp = 17, kIcmpV6 = 58;

void Put16(Bytes* out, uint32_t value) {
  out->push_back(static_cast<uint8_t>(value >> 8));
  out->push_back(static_cast<uint8_t>(value));
}

void Put32(Bytes* out, uint32_t value) {
  Put16(out, value >> 16);
  Put16(out, value & 0xffff);
}

void Set16(std::span<uint8_t> bytes, size_t at, size_t value) {
  bytes[at] = static_cast<uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<uint8_t>(value);
}

uint32_t Get16(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint32_t>(bytes[at] << 8 | bytes[at + 1]);
}

uint32_t Get32(std::span<const uint8_t> bytes, size_t at) {
  return Get16(bytes, at) << 16 | Get16(bytes, at + 2);
}

void Append(Bytes* out, std::span<const uint8_t> bytes) {
  out->insert(out->end(), bytes.begin(), bytes.end());
}

uint8_t ProtocolOf(const PacketSpec& spec) {
  switch (spec.kind) {
    case PacketKind::kTcp:
      return kTcp;
    case PacketKind::kUdp:
      return kUdp;
    case PacketKind::kIcmpEcho:
      return spec.family == IpFamily::kV4 ? kIcmpV4 : kIcmpV6;
  }
  return 0;
}

Bytes BuildTransport(const PacketSpec& spec) {
  Bytes out;
  switch (spec.kind) {
    case PacketKind::kTcp:
      Put16(&out, spec.source_port);
      Put16(&out, spec.destination_port);
      Put32(&out, spec.sequence);
      Put32(&out, spec.acknowledgement);
      out.push_back(static_cast<uint8_t>((20 + spec.tcp_options.size()) / 4 << 4));
      out.push_back(spec.tcp_flags);
      Put16(&out, spec.window);
      Put32(&out, 0);  // checksum, urgent pointer
      Append(&out, spec.tcp_options);
      break;
    case PacketKind::kUdp:
      Put16(&out, spec.source_port);
      Put16(&out, spec.destination_port);
      Put16(&out, static_cast<uint32_t>(8 + spec.payload_bytes));
      Put16(&out, 0);
      break;
    case PacketKind::kIcmpEcho:
      Put16(&out, spec.family == IpFamily::kV4 ? 0x0800 : 0x8000);  // type, code
      Put16(&out, 0);
      Put16(&out, spec.source_port);
      Put16(&out, spec.destination_port);
      break;
  }
  for (size_t i = 0; i < spec.payload_bytes; ++i) out.push_back(PatternByte(spec.payload_seed, i));
  return out;
}

Bytes BuildHeaderV4(const PacketSpec& spec, size_t transport_bytes) {
  Bytes out;
  const size_t header_bytes = 20 + spec.ip_options.size();
  out.push_back(static_cast<uint8_t>(0x40 | header_bytes / 4));
  out.push_back(spec.tos);
  Put16(&out, static_cast<uint32_t>(header_bytes + transport_bytes));
  Put16(&out, spec.ip_id);
  Put16(&out, (spec.dont_fragment ? 0x4000u : 0u) | (spec.more_fragments ? 0x2000u : 0u) |
                  spec.fragment_offset);
  out.push_back(spec.ttl);
  out.push_back(ProtocolOf(spec));
  Put16(&out, 0);
  const IpAddress source = spec.source.IsSet() ? spec.source : TestAddress(IpFamily::kV4, 1);
  const IpAddress destination =
      spec.destination.IsSet() ? spec.destination : TestAddress(IpFamily::kV4, 2);
  Append(&out, std::span(source.bytes).first(4));
  Append(&out, std::span(destination.bytes).first(4));
  Append(&out, spec.ip_options);
  return out;
}

Bytes BuildHeaderV6(const PacketSpec& spec, size_t transport_bytes) {
  Bytes out;
  const Bytes& extensions = spec.extension_headers;
  Put32(&out, 6u << 28 | uint32_t{spec.tos} << 20 | spec.flow_label);
  Put16(&out, static_cast<uint32_t>(extensions.size() + transport_bytes));
  out.push_back(extensions.empty() ? ProtocolOf(spec) : spec.extension_protocol);
  out.push_back(spec.ttl);
  Append(&out, (spec.source.IsSet() ? spec.source : TestAddress(IpFamily::kV6, 1)).bytes);
  Append(&out, (spec.destination.IsSet() ? spec.destination : TestAddress(IpFamily::kV6, 2)).bytes);
  Append(&out, extensions);
  size_t last = 0;  // of the extension headers
  for (size_t at = 0; at < extensions.size(); at += (size_t{extensions[at + 1]} + 1) * 8) last = at;
  if (!extensions.empty()) out[40 + last] = ProtocolOf(spec);
  return out;
}

struct Transport {
  uint8_t protocol = 0;
  size_t offset = 0;
  bool is_fragment = false;
};

// Walks every extension header of RFC 8200 and RFC 4302; trusts their lengths.
Transport Locate(std::span<const uint8_t> packet) {
  if (packet[0] >> 4 == 4) {
    return {packet[9], size_t{packet[0] & 0x0fu} * 4, (Get16(packet, 6) & 0x3fff) != 0};
  }
  Transport at{packet[6], 40, false};
  while (true) {
    size_t bytes = 0;
    if (at.protocol == 0 || at.protocol == 43 || at.protocol == 60) {
      bytes = (size_t{packet[at.offset + 1]} + 1) * 8;
    } else if (at.protocol == 44) {
      bytes = 8;
      at.is_fragment = at.is_fragment || (Get16(packet, at.offset + 2) & 0xfff9) != 0;
    } else if (at.protocol == 51) {
      bytes = (size_t{packet[at.offset + 1]} + 2) * 4;
    } else {
      return at;
    }
    at.protocol = packet[at.offset];
    at.offset += bytes;
  }
}

// The sum of the pseudo-header, as a start value for PlainChecksum(); 0 for ICMP over IPv4.
uint32_t PlainPseudoSum(std::span<const uint8_t> packet, const Transport& at) {
  const bool is_v4 = packet[0] >> 4 == 4;
  if (is_v4 && at.protocol == kIcmpV4) return 0;
  const size_t length = packet.size() - at.offset;
  const auto addresses = is_v4 ? packet.subspan(12, 8) : packet.subspan(8, 32);
  uint32_t sum =
      at.protocol + static_cast<uint32_t>(length >> 16) + static_cast<uint32_t>(length & 0xffff);
  for (size_t i = 0; i < addresses.size(); i += 2) sum += Get16(addresses, i);
  return sum;
}

size_t ChecksumField(uint8_t protocol) {
  if (protocol == kTcp) return 16;
  return protocol == kUdp ? 6 : 2;
}

}  // namespace

uint16_t PlainChecksum(std::span<const uint8_t> bytes, uint32_t initial) {
  uint64_t sum = initial;
  for (size_t i = 0; i < bytes.size(); i += 2) {
    sum += static_cast<uint64_t>(bytes[i]) << 8;
    if (i + 1 < bytes.size()) sum += bytes[i + 1];
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

void FixIpv4HeaderChecksum(std::span<uint8_t> packet) {
  Set16(packet, 10, 0);
  Set16(packet, 10, PlainChecksum(packet.first(size_t{packet[0] & 0x0fu} * 4)));
}

void FixTransportChecksum(std::span<uint8_t> packet) {
  const Transport at = Locate(packet);
  const size_t field = at.offset + ChecksumField(at.protocol);
  Set16(packet, field, 0);
  uint16_t sum = PlainChecksum(packet.subspan(at.offset), PlainPseudoSum(packet, at));
  if (sum == 0 && at.protocol == kUdp) sum = 0xffff;
  Set16(packet, field, sum);
}

Bytes BuildPacket(const PacketSpec& spec) {
  const Bytes transport = BuildTransport(spec);
  const bool is_v4 = spec.family == IpFamily::kV4;
  Bytes packet =
      is_v4 ? BuildHeaderV4(spec, transport.size()) : BuildHeaderV6(spec, transport.size());
  Append(&packet, transport);
  if (is_v4) FixIpv4HeaderChecksum(packet);
  const bool has_transport_header = spec.fragment_offset == 0;
  const bool has_checksum = spec.kind != PacketKind::kUdp || spec.udp_checksum;
  if (has_transport_header && has_checksum) FixTransportChecksum(packet);
  return packet;
}

Bytes BuildSuperpacket(const PacketSpec& spec) {
  Bytes packet = BuildPacket(spec);
  const Transport at = Locate(packet);
  const auto folded = static_cast<uint16_t>(~PlainChecksum({}, PlainPseudoSum(packet, at)));
  Set16(packet, at.offset + ChecksumField(at.protocol), folded);
  return packet;
}

bool PlainIsValid(std::span<const uint8_t> packet) {
  if (packet.size() < 20) return false;
  const bool is_v4 = packet[0] >> 4 == 4;
  if (is_v4) {
    const size_t header_bytes = size_t{packet[0] & 0x0fu} * 4;
    if (header_bytes < 20 || header_bytes > packet.size()) return false;
    if (Get16(packet, 2) != packet.size()) return false;
    if (PlainChecksum(packet.first(header_bytes)) != 0) return false;
  } else if (packet.size() < 40 || packet[0] >> 4 != 6 || Get16(packet, 4) + 40 != packet.size()) {
    return false;
  }
  const Transport at = Locate(packet);
  if (at.is_fragment) return true;
  const bool is_known =
      at.protocol == kTcp || at.protocol == kUdp || at.protocol == (is_v4 ? kIcmpV4 : kIcmpV6);
  if (!is_known) return true;
  const size_t field = at.offset + ChecksumField(at.protocol);
  if (field + 2 > packet.size()) return false;
  if (at.protocol == kUdp) {
    if (Get16(packet, at.offset + 4) != packet.size() - at.offset) return false;
    if (Get16(packet, field) == 0) return is_v4;
  }
  return PlainChecksum(packet.subspan(at.offset), PlainPseudoSum(packet, at)) == 0;
}

std::vector<Bytes> PlainSplit(std::span<const uint8_t> packet, size_t gso_size) {
  const Transport at = Locate(packet);
  const bool is_tcp = at.protocol == kTcp;
  const size_t header_bytes = at.offset + (is_tcp ? size_t{packet[at.offset + 12]} / 16 * 4 : 8);
  const size_t payload_bytes = packet.size() - header_bytes;
  std::vector<Bytes> segments;
  size_t done = 0;
  do {
    const size_t size = std::min(gso_size, payload_bytes - done);
    const bool is_first = done == 0, is_last = done + size == payload_bytes;
    Bytes out(packet.begin(), packet.begin() + static_cast<ptrdiff_t>(header_bytes));
    for (size_t i = 0; i < size; ++i) out.push_back(packet[header_bytes + done + i]);
    if (packet[0] >> 4 == 4) {
      Set16(out, 2, out.size());
      Set16(out, 4, Get16(packet, 4) + segments.size());
      FixIpv4HeaderChecksum(out);
    } else {
      Set16(out, 4, out.size() - 40);
    }
    if (is_tcp) {
      const auto sequence = Get32(packet, at.offset + 4) + static_cast<uint32_t>(done);
      Set16(out, at.offset + 4, sequence >> 16);
      Set16(out, at.offset + 6, sequence);
      uint8_t& flags = out[at.offset + 13];
      if (!is_first) flags &= static_cast<uint8_t>(~TcpFlag::kCwr);
      if (!is_last) flags &= static_cast<uint8_t>(~(TcpFlag::kFin | TcpFlag::kPsh));
    } else {
      Set16(out, at.offset + 4, out.size() - at.offset);
    }
    FixTransportChecksum(out);
    segments.push_back(std::move(out));
    done += size;
  } while (done < payload_bytes);
  return segments;
}

}  // namespace ringwire
