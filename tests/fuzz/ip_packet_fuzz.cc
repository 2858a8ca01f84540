// Any bytes as an inner packet: parsed, walked, marked, answered. Whatever comes out must be right
// by plain code.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/check.h"
#include "core/datapath/ecn.h"
#include "core/datapath/icmp.h"
#include "core/wire/ip_packet.h"
#include "tests/support/packet_builder.h"

namespace {

using ringwire::Bytes;
using ringwire::IcmpError;
using ringwire::IpFamily;

void CheckSetTos(std::span<const uint8_t> packet, const ringwire::IpPacket& ip) {
  for (const uint8_t tos : {uint8_t{0}, uint8_t{0xff}, static_cast<uint8_t>(ip.tos ^ 3)}) {
    Bytes copy(packet.begin(), packet.end());
    if (ip.family == IpFamily::kV4) ringwire::FixIpv4HeaderChecksum(copy);
    ringwire::SetTos(copy, tos);
    const auto again = ringwire::ParseIpPacket(copy);
    CHECK(again && again->tos == tos && again->source == ip.source);
    CHECK(again->total_bytes == ip.total_bytes && again->protocol == ip.protocol);
    if (ip.family == IpFamily::kV4) {
      CHECK(ringwire::PlainChecksum(std::span(copy).first(ip.header_bytes)) == 0);
    }
  }
}

void CheckIcmp(std::span<const uint8_t> packet, const ringwire::IpPacket& ip) {
  for (const IcmpError error :
       {IcmpError::kHostUnreachable, IcmpError::kAddressUnreachable, IcmpError::kPacketTooBig}) {
    Bytes out(ringwire::kIcmpErrorBytesMax);
    out.resize(ringwire::WriteIcmpError(error, 1420, packet, out));
    if (out.empty()) continue;
    CHECK(out.size() <= (ip.family == IpFamily::kV4 ? 576u : 1280u));
    CHECK(ringwire::PlainIsValid(out));
    const auto answer = ringwire::ParseIpPacket(out);
    CHECK(answer && answer->source == ip.destination && answer->destination == ip.source);
    // An error never answers an error, so two gateways cannot keep each other busy.
    Bytes second(ringwire::kIcmpErrorBytesMax);
    CHECK(ringwire::WriteIcmpError(error, 1420, out, second) == 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> input(data, size);
  const auto ip = ringwire::ParseIpPacket(input);
  if (!ip) {
    Bytes out(ringwire::kIcmpErrorBytesMax);
    CHECK(ringwire::WriteIcmpError(IcmpError::kHostUnreachable, 0, input, out) == 0);
    return 0;
  }
  CHECK(ip->family == ringwire::IpVersionOf(input));
  CHECK(ip->header_bytes <= ip->total_bytes && ip->total_bytes <= size);
  const auto payload = ringwire::FindIpPayload(input, *ip);
  CHECK(!payload || (payload->offset >= ip->header_bytes && payload->offset <= ip->total_bytes));
  CheckSetTos(input, *ip);
  CheckIcmp(input, *ip);
  return 0;
}
