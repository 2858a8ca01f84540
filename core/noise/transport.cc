#include "core/noise/transport.h"

#include <algorithm>

#include "core/base/endian.h"
#include "core/wire/constants.h"
#include "core/wire/messages.h"

namespace ringwire {
namespace {

size_t RoundUp(size_t bytes) {
  return (bytes + kPaddingMultiple - 1) / kPaddingMultiple * kPaddingMultiple;
}

}  // namespace

size_t PaddedSize(size_t packet_bytes, size_t mtu) {
  if (mtu == 0) return RoundUp(packet_bytes);
  // A superpacket is cut into packets of the MTU, which take no padding; only the last, smaller one
  // does.
  const size_t last_packet_bytes = packet_bytes > mtu ? packet_bytes % mtu : packet_bytes;
  const size_t padding = std::min(mtu, RoundUp(last_packet_bytes)) - last_packet_bytes;
  return packet_bytes + padding;
}

void StoreTransportHeader(uint8_t* out, uint32_t receiver_index, uint64_t counter) {
  StoreLe32(out + offsetof(TransportHeader, type), kMessageTransport);
  StoreLe32(out + offsetof(TransportHeader, receiver_index), receiver_index);
  StoreLe64(out + offsetof(TransportHeader, counter), counter);
}

}  // namespace ringwire
