#include "core/datapath/icmp.h"

#include <algorithm>
#include <cstring>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/wire/checksum.h"
#include "core/wire/ip_packet.h"

namespace ringwire {
namespace {

constexpr size_t kIcmpHeaderBytes = 8;
constexpr size_t kIcmpV4ErrorBytesMax = 576;
constexpr uint8_t kProtocolIcmpV4 = 1, kProtocolIcmpV6 = 58;
constexpr uint8_t kHopLimit = 64;
// Internetwork control, the precedence that RFC 1812 §4.3.2.5 gives to errors.
constexpr uint8_t kErrorTos = 0xc0;
constexpr uint16_t kDontFragment = 0x4000;

// Whether the address is a single host: a possible recipient of an error, or its source.
bool IsUnicast(const IpAddress& address) {
  const auto& b = address.bytes;
  if (address.family == IpFamily::kV4) {
    const uint32_t value = LoadBe32(b.data());
    return value != 0 && value != 0xffffffff && b[0] != 127 && (b[0] & 0xf0) != 0xe0;
  }
  const bool is_high_part_zero =
      std::all_of(b.begin(), b.end() - 1, [](uint8_t x) { return x == 0; });
  if (is_high_part_zero && b[15] <= 1) return false;  // unspecified and loopback
  return b[0] != 0xff;
}

// Never answer an error, or an unknown type that may be an error.
bool IsIcmpQuery(IpFamily family, uint8_t type) {
  constexpr uint8_t kRedirectV6 = 137;
  if (family == IpFamily::kV6) return type >= 128 && type != kRedirectV6;
  return type == 0 || (type >= 8 && type <= 10) || (type >= 13 && type <= 18);
}

bool MayAnswer(IcmpError error, std::span<const uint8_t> packet, const IpPacket& ip) {
  if (!IsUnicast(ip.source) || !IsUnicast(ip.destination)) return false;
  const auto payload = FindIpPayload(packet, ip);
  if (!payload || !payload->is_first_fragment) return false;
  const uint8_t icmp = ip.family == IpFamily::kV4 ? kProtocolIcmpV4 : kProtocolIcmpV6;
  if (payload->protocol == icmp) {
    if (payload->offset >= ip.total_bytes) return false;
    if (!IsIcmpQuery(ip.family, packet[payload->offset])) return false;
  }
  const bool needs_dont_fragment = error == IcmpError::kPacketTooBig && ip.family == IpFamily::kV4;
  return !needs_dont_fragment || (LoadBe16(packet.data() + 6) & kDontFragment) != 0;
}

void FillTypeV4(IcmpError error, uint32_t mtu, uint8_t* icmp) {
  constexpr uint8_t kUnreachable = 3, kHost = 1, kFragmentationNeeded = 4;
  icmp[0] = kUnreachable;
  icmp[1] = kHost;
  if (error != IcmpError::kPacketTooBig) return;
  icmp[1] = kFragmentationNeeded;
  StoreBe16(icmp + 6, static_cast<uint16_t>(std::min<uint32_t>(mtu, 0xffff)));
}

void FillTypeV6(IcmpError error, uint32_t mtu, uint8_t* icmp) {
  constexpr uint8_t kUnreachable = 1, kNoRoute = 0, kAddress = 3, kTooBig = 2;
  switch (error) {
    case IcmpError::kHostUnreachable:
      icmp[0] = kUnreachable;
      icmp[1] = kNoRoute;
      return;
    case IcmpError::kAddressUnreachable:
      icmp[0] = kUnreachable;
      icmp[1] = kAddress;
      return;
    case IcmpError::kPacketTooBig:
      icmp[0] = kTooBig;
      StoreBe32(icmp + 4, mtu);
      return;
  }
}

// The identification stays zero: with DF set it carries no meaning (RFC 6864 §4.1).
void FillHeaderV4(const IpPacket& about, size_t total_bytes, uint8_t* out) {
  out[0] = 0x45;
  out[1] = kErrorTos;
  StoreBe16(out + 2, static_cast<uint16_t>(total_bytes));
  StoreBe16(out + 6, kDontFragment);
  out[8] = kHopLimit;
  out[9] = kProtocolIcmpV4;
  std::memcpy(out + 12, about.destination.bytes.data(), 4);
  std::memcpy(out + 16, about.source.bytes.data(), 4);
  const uint16_t sum = FoldChecksum(ChecksumPartial({out, kIpv4HeaderBytesMin}));
  StoreBe16(out + 10, static_cast<uint16_t>(~sum));
}

void FillHeaderV6(const IpPacket& about, size_t total_bytes, uint8_t* out) {
  StoreBe16(out, static_cast<uint16_t>(0x6000 | (kErrorTos << 4)));
  StoreBe16(out + 4, static_cast<uint16_t>(total_bytes - kIpv6HeaderBytes));
  out[6] = kProtocolIcmpV6;
  out[7] = kHopLimit;
  std::memcpy(out + 8, about.destination.bytes.data(), 16);
  std::memcpy(out + 24, about.source.bytes.data(), 16);
}

}  // namespace

size_t WriteIcmpError(IcmpError error, uint32_t mtu, std::span<const uint8_t> packet,
                      std::span<uint8_t> out) {
  DCHECK(out.size() >= kIcmpErrorBytesMax);
  const auto ip = ParseIpPacket(packet);
  if (!ip || !MayAnswer(error, packet, *ip)) return 0;
  const bool is_v4 = ip->family == IpFamily::kV4;
  const size_t header_bytes = is_v4 ? kIpv4HeaderBytesMin : kIpv6HeaderBytes;
  const size_t bytes_max = is_v4 ? kIcmpV4ErrorBytesMax : kIcmpErrorBytesMax;
  const size_t icmp_offset = header_bytes + kIcmpHeaderBytes;
  const size_t quote_bytes = std::min(ip->total_bytes, bytes_max - icmp_offset);
  const size_t total_bytes = icmp_offset + quote_bytes;

  std::memset(out.data(), 0, icmp_offset);
  std::memcpy(out.data() + icmp_offset, packet.data(), quote_bytes);
  uint8_t* const icmp = out.data() + header_bytes;
  const auto icmp_bytes = static_cast<uint32_t>(total_bytes - header_bytes);
  uint64_t sum = 0;
  if (is_v4) {
    FillHeaderV4(*ip, total_bytes, out.data());
    FillTypeV4(error, mtu, icmp);
  } else {
    FillHeaderV6(*ip, total_bytes, out.data());
    FillTypeV6(error, mtu, icmp);
    sum = PseudoHeaderSum(ip->destination.bytes, ip->source.bytes, kProtocolIcmpV6, icmp_bytes);
  }
  sum = ChecksumPartial({icmp, icmp_bytes}, sum);
  StoreBe16(icmp + 2, static_cast<uint16_t>(~FoldChecksum(sum)));
  return total_bytes;
}

}  // namespace ringwire
