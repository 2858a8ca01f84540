#include "core/datapath/ipv4_fragments.h"

#include <algorithm>

#include "core/base/endian.h"
#include "core/wire/checksum.h"

namespace ringwire {
namespace {

constexpr uint16_t kDontFragmentFlag = 0x4000;
constexpr uint16_t kMoreFragments = 0x2000;
constexpr size_t kOffsetUnit = 8;

}  // namespace

bool Ipv4Fragments::MayCut(std::span<const uint8_t> packet, const IpPacket& ip) {
  return ip.family == IpFamily::kV4 && ip.header_bytes == kIpv4HeaderBytesMin &&
         (LoadBe16(packet.data() + 6) & kDontFragmentFlag) == 0;
}

Ipv4Fragments::Ipv4Fragments(std::span<const uint8_t> packet, uint32_t bytes_max)
    : packet_(packet),
      payload_bytes_max_((bytes_max - kIpv4HeaderBytesMin) / kOffsetUnit * kOffsetUnit) {}

bool Ipv4Fragments::Next(std::vector<uint8_t>* out) {
  if (at_ >= packet_.size()) return false;
  const size_t left = packet_.size() - at_;
  const size_t bytes = std::min(left, payload_bytes_max_);
  out->assign(packet_.begin(), packet_.begin() + kIpv4HeaderBytesMin);
  out->insert(out->end(), packet_.begin() + static_cast<ptrdiff_t>(at_),
              packet_.begin() + static_cast<ptrdiff_t>(at_ + bytes));
  uint8_t* const header = out->data();
  // The offset of a fragment continues the packet's own, and its last one keeps the packet's flag.
  auto offset =
      static_cast<uint16_t>(LoadBe16(header + 6) + (at_ - kIpv4HeaderBytesMin) / kOffsetUnit);
  if (bytes < left) offset |= kMoreFragments;
  StoreBe16(header + 2, static_cast<uint16_t>(out->size()));
  StoreBe16(header + 6, offset);
  StoreBe16(header + 10, 0);
  const uint16_t sum = FoldChecksum(ChecksumPartial({header, kIpv4HeaderBytesMin}));
  StoreBe16(header + 10, static_cast<uint16_t>(~sum));
  at_ += bytes;
  return true;
}

}  // namespace ringwire
