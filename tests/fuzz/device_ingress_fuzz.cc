// A whole device fed with datagrams: whatever the bytes, it must not crash, must not write to TUN
// what nobody sealed, must not answer an unproven source with more bytes than it sent, and must
// account for every message.
//
// The input is a list of datagrams: one byte of what to do, two of length, the bytes. Some of them
// are the device's own peer's real messages, altered as the input says, so that the fuzzer reaches
// what lies behind the authentication.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "tests/support/pair.h"

namespace ringwire {
namespace {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : bytes_(data, size) {}
  bool empty() const { return bytes_.empty(); }
  uint8_t Byte() {
    if (bytes_.empty()) return 0;
    const uint8_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }
  Bytes Take(size_t count) {
    count = std::min(count, bytes_.size());
    Bytes taken(bytes_.begin(), bytes_.begin() + static_cast<ptrdiff_t>(count));
    bytes_ = bytes_.subspan(count);
    return taken;
  }

 private:
  std::span<const uint8_t> bytes_;
};

// A genuine message of A's with some bytes of it changed.
Bytes Altered(Pair& pair, Input& input) {
  pair.a().FromTun(pair.now(), Pair::PacketFromA(input.Byte()));
  std::vector<Datagram> datagrams = pair.a().TakeDatagrams();
  if (datagrams.empty()) return {};
  Bytes bytes = datagrams.back().bytes;
  for (uint8_t changes = input.Byte() % 4; changes > 0; --changes) {
    const size_t at = (size_t{input.Byte()} << 8 | input.Byte()) % bytes.size();
    bytes[at] = static_cast<uint8_t>(bytes[at] ^ input.Byte());
  }
  return bytes;
}

uint64_t Accounted(Node& node) {
  const WorkerCounters& counters = node.counters();
  return counters.to_control_segments.value() + counters.keepalives_received.value() +
         counters.path_probes_received.value() + node.DroppedTotal();
}

}  // namespace
}  // namespace ringwire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringwire;
  Pair pair;
  CHECK(pair.SendFromA());
  const Endpoint stranger{*SocketAddress::Parse("203.0.113.66:666"), *IpAddress::Parse("192.0.2.2"),
                          0};
  Input input(data, std::min<size_t>(size, 8192));
  while (!input.empty()) {
    const uint8_t action = input.Byte();
    const bool genuine = (action & 1) != 0;
    const Bytes bytes =
        genuine ? Altered(pair, input) : input.Take(size_t{input.Byte()} << 8 | input.Byte());
    if (bytes.empty()) continue;
    const uint64_t accounted = Accounted(pair.b());
    const size_t segment_bytes = (action & 2) != 0 ? 1 + input.Byte() : 0;
    pair.b().FromWire(pair.now(), genuine ? pair.FromA() : stranger, bytes, segment_bytes,
                      action >> 6);
    size_t answered = 0;
    for (const Datagram& answer : pair.b().TakeDatagrams()) {
      if (answer.to.remote == stranger.remote) answered += answer.bytes.size();
    }
    CHECK(answered <= bytes.size());
    const size_t delivered = pair.b().TakeDelivered().size();
    CHECK(genuine || delivered == 0);
    // At least one place for every message: none vanished.
    CHECK(Accounted(pair.b()) + delivered > accounted);
  }
  return 0;
}
