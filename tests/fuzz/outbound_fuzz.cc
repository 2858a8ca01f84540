// Any packet under any MTU: a frame as read from TUN on its way through Outbound, at once or after
// it was staged, with another MTU by then. Every segment must leave in a datagram that UDP carries
// and arrive unchanged, or be counted.
//
// The input: MTU, MTU when what is staged leaves, 1 for "staged", the packet's length (two bytes
// each but for the flag, little-endian), the virtio-net header, then as much of the packet as there
// is; the rest of it is zeros. What routes it (addresses, IP length) is made right.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/base/limits.h"
#include "core/datapath/transport_header.h"
#include "core/wire/ip_packet.h"
#include "core/wire/messages.h"
#include "tests/support/pair.h"
#include "tests/support/tun_frame.h"

namespace {

using namespace ringwire;

constexpr size_t kParametersBytes = 7;

void PutAddress(const IpAddress& address, uint8_t* out) {
  std::copy_n(address.bytes.begin(), address.Bits() / 8, out);
}

// From A to B inside the tunnel; false: too short for an IP header.
bool MakeRoutable(Bytes* packet) {
  const bool is_v4 = !packet->empty() && packet->front() >> 4 == 4;
  const IpFamily family = is_v4 ? IpFamily::kV4 : IpFamily::kV6;
  if (packet->size() < (is_v4 ? kIpv4HeaderBytesMin : kIpv6HeaderBytes)) return false;
  StoreIpLength(packet->data(), family, packet->size());
  PutAddress(TestAddress(family, 1), packet->data() + (is_v4 ? 12 : 8));
  PutAddress(TestAddress(family, 2), packet->data() + (is_v4 ? 16 : 24));
  return true;
}

uint64_t DataOnWire(const Pair& pair) {
  return static_cast<uint64_t>(std::ranges::count_if(pair.wiretap(), [](const Pair::Seen& seen) {
    CHECK(seen.datagram.bytes.size() <= kTrainBytesMax);
    return seen.from_a && seen.type() == kMessageTransport &&
           seen.datagram.bytes.size() > kTransportOverheadBytes;
  }));
}

// What arrives when nothing is dropped.
std::vector<Bytes> Expected(const VnetHeader& vnet, Bytes packet) {
  if ((vnet.gso_type & ~VnetHeader::kGsoEcn) != VnetHeader::kGsoNone) {
    return PlainSplit(packet, vnet.gso_size);
  }
  CHECK(CompleteChecksum(vnet, packet));
  return {std::move(packet)};
}

bool IsSubsequence(std::span<const Bytes> part, std::span<const Bytes> whole) {
  for (const Bytes& packet : whole) {
    if (!part.empty() && part.front() == packet) part = part.subspan(1);
  }
  return part.empty();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kParametersBytes + kVnetHeaderBytes) return 0;
  const std::span<const uint8_t> input(data, size);
  const uint16_t mtu = LoadRaw<uint16_t>(data);
  const uint16_t later_mtu = LoadRaw<uint16_t>(data + 2);
  const bool is_staged = (data[4] & 1) != 0;
  const auto vnet = VnetHeader::Load(input.subspan(kParametersBytes).first<kVnetHeaderBytes>());
  const auto bytes = input.subspan(kParametersBytes + kVnetHeaderBytes);
  Bytes packet(bytes.begin(), bytes.end());
  packet.resize(LoadRaw<uint16_t>(data + 5));
  if (!MakeRoutable(&packet)) return 0;

  Pair pair;
  if (!is_staged) CHECK(pair.SendFromA());
  pair.ClearWiretap();
  Node& a = pair.a();
  const uint64_t read_before = a.counters().tun_read_segments.value();
  a.control().SetMtu(mtu);
  a.FrameFromTun(pair.now(), TunFrameOf(vnet, packet));
  if (is_staged) a.control().SetMtu(later_mtu);
  pair.Deliver();

  const uint64_t read = a.counters().tun_read_segments.value() - read_before;
  const std::vector<Bytes> delivered = pair.b().TakeDelivered();
  CHECK(pair.b().DroppedTotal() == 0);
  CHECK(delivered.size() + a.control_counters().path_probes_sent.value() == DataOnWire(pair));
  if (read == 0) {
    CHECK(a.DroppedTotal() == 1 && delivered.empty());
    return 0;
  }
  CHECK(delivered.size() + a.DroppedTotal() == read);
  if (!delivered.empty()) CHECK(IsSubsequence(delivered, Expected(vnet, packet)));
  return 0;
}
