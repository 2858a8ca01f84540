// What may come out of an authenticated peer's tunnel, and what may come out of TUN: arbitrary
// bytes as an inner packet in both directions. The device must stay whole and deliver only valid,
// whole packets of the right owner.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/noise/transport.h"
#include "tests/support/pair.h"

namespace {

using namespace ringwire;

void SealAsHostilePeer(Pair& pair, std::span<const uint8_t> plaintext) {
  PeerSlot* const peer = pair.a().shared().allowed_ips.Lookup(TestAddress(IpFamily::kV4, 2));
  Keypair* const keypair = peer->current.load();
  CHECK(keypair != nullptr);
  const uint64_t counter = *keypair->ReserveCounters(1, 0);
  Bytes message(16 + plaintext.size() + 16);
  StoreTransportHeader(message.data(), keypair->remote_index(), counter);
  std::ranges::copy(plaintext, message.begin() + 16);
  const crypto::SealSegment segments[] = {{message.data() + 16, plaintext.size()}};
  crypto::AeadEngine().SealRun(keypair->send_key(), segments, counter);
  pair.b().FromWire(pair.now(), pair.FromA(), message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 2000) return 0;
  const std::span<const uint8_t> bytes(data, size);
  Pair pair({.inbound = {.coalesce_tcp = true, .coalesce_udp = true}});
  CHECK(pair.SendFromA());
  SealAsHostilePeer(pair, bytes);
  for (const Bytes& packet : pair.b().TakeDelivered()) {
    CHECK(packet.size() <= bytes.size());
    CHECK((packet[0] >> 4) == 4 || (packet[0] >> 4) == 6);
  }
  // The same bytes as a frame from the kernel: the first ten are its virtio-net header.
  pair.a().FrameFromTun(pair.now(), Bytes(bytes.begin(), bytes.end()));
  pair.Deliver();
  return 0;
}
