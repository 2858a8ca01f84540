#include "core/datapath/mss_clamp.h"

#include <cstddef>
#include <optional>

#include "core/base/endian.h"
#include "core/datapath/transport_header.h"
#include "core/wire/checksum.h"

namespace ringwire {
namespace {

constexpr uint8_t kOptionEnd = 0, kOptionNone = 1, kOptionMss = 2;

// The offset of the MSS option's value in a TCP header; nullopt: it has none, or is malformed.
std::optional<size_t> FindMss(std::span<const uint8_t> header) {
  size_t at = kTcpHeaderBytesMin;
  while (at < header.size() && header[at] != kOptionEnd) {
    if (header[at] == kOptionNone) {
      ++at;
      continue;
    }
    if (at + 1 >= header.size()) return std::nullopt;
    const size_t bytes = header[at + 1];
    if (bytes < 2 || at + bytes > header.size()) return std::nullopt;
    if (header[at] == kOptionMss) return bytes == 4 ? std::optional(at + 2) : std::nullopt;
    at += bytes;
  }
  return std::nullopt;
}

// The option may lie across two 16-bit words of the checksum.
void StoreMss(std::span<uint8_t> header, size_t at, uint16_t mss) {
  uint8_t* const first = header.data() + at / 2 * 2;
  const uint16_t before[] = {LoadBe16(first), at % 2 == 0 ? uint16_t{0} : LoadBe16(first + 2)};
  StoreBe16(header.data() + at, mss);
  uint16_t sum = LoadBe16(header.data() + kTcpChecksum);
  sum = UpdateChecksum(sum, before[0], LoadBe16(first));
  if (at % 2 != 0) sum = UpdateChecksum(sum, before[1], LoadBe16(first + 2));
  StoreBe16(header.data() + kTcpChecksum, sum);
}

}  // namespace

void ClampMss(std::span<uint8_t> packet, const IpPacket& ip, uint32_t packet_bytes_max) {
  const std::optional<IpPayload> payload = FindIpPayload(packet, ip);
  if (!payload || payload->protocol != kProtocolTcp || payload->is_fragment) return;
  std::span<uint8_t> tcp = packet.subspan(payload->offset);
  if (tcp.size() < kTcpHeaderBytesMin || (tcp[kTcpFlags] & kTcpSyn) == 0) return;
  const size_t header_bytes = size_t{tcp[kTcpDataOffset]} / 16 * 4;
  if (header_bytes < kTcpHeaderBytesMin || header_bytes > tcp.size()) return;
  tcp = tcp.first(header_bytes);
  const std::optional<size_t> at = FindMss(tcp);
  const uint32_t headers = static_cast<uint32_t>(
      (ip.family == IpFamily::kV4 ? kIpv4HeaderBytesMin : kIpv6HeaderBytes) + kTcpHeaderBytesMin);
  if (!at || packet_bytes_max <= headers) return;
  const uint32_t fits = packet_bytes_max - headers;
  if (LoadBe16(tcp.data() + *at) > fits) StoreMss(tcp, *at, static_cast<uint16_t>(fits));
}

}  // namespace ringwire
