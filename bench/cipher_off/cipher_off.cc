// ringwire without a cipher, to measure the cost of everything else: transport messages are sent in
// the clear, with a tag that only holds their counter and length. For benchmarks:
// bench/CMakeLists.txt builds it into programs of its own, never into the product.
//
// The build compiles crypto/*.cc for those programs with the two run functions of AeadEngine under
// another name (see there), so that keys, handshakes, self-tests and the choice of a provider stay
// real, and the packet path calls the functions in this file.

#include <unistd.h>

#include <array>
#include <cstring>

#include "core/base/endian.h"
#include "crypto/aead.h"

namespace ringwire::crypto {
namespace {

// Every program with this file prints it; tests check that the product does not contain it.
constexpr char kWarning[] =
    "ringwire cipher-off build: packets are NOT ENCRYPTED; for benchmarks only\n";

[[maybe_unused]] const auto kWarned = write(STDERR_FILENO, kWarning, sizeof(kWarning) - 1);

using Tag = std::array<uint8_t, kTagBytes>;

Tag TagOf(uint64_t counter, size_t plaintext_size) {
  Tag tag;
  StoreLe64(tag.data(), counter);
  StoreLe64(tag.data() + 8, plaintext_size);
  return tag;
}

}  // namespace

void AeadEngine::SealRun(const AeadKey&, std::span<const SealSegment> segments, uint64_t counter0) {
  uint64_t counter = counter0;
  for (const SealSegment& segment : segments) {
    const Tag tag = TagOf(counter++, segment.size);
    std::memcpy(segment.data + segment.size, tag.data(), tag.size());
  }
}

void AeadEngine::OpenRun(const AeadKey&, std::span<OpenSegment> segments) {
  for (OpenSegment& segment : segments) {
    segment.ok = false;
    if (segment.size < kTagBytes) continue;
    const size_t plaintext_size = segment.size - kTagBytes;
    const Tag tag = TagOf(segment.counter, plaintext_size);
    segment.ok = std::memcmp(segment.data + plaintext_size, tag.data(), tag.size()) == 0;
    if (!segment.ok) std::memset(segment.data, 0, plaintext_size);
  }
}

}  // namespace ringwire::crypto
