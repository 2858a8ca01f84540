#include <array>

#include "crypto/aead_runs.h"

namespace ringwire::crypto {

void BoringSslRuns::SealRun(const AeadKey& key, std::span<const SealSegment> segments,
                            uint64_t counter0) {
  const AeadContext& context = key.schedules().boring_ssl;
  std::array<uint8_t, 12> nonce;
  uint64_t counter = counter0;
  for (const SealSegment& segment : segments) {
    StoreTransportNonce(counter, nonce);
    context.Seal(nonce, {segment.data, segment.size}, {}, {segment.data, segment.size + kTagBytes});
    ++counter;
  }
}

void BoringSslRuns::OpenRun(const AeadKey& key, std::span<OpenSegment> segments) {
  const AeadContext& context = key.schedules().boring_ssl;
  std::array<uint8_t, 12> nonce;
  for (OpenSegment& segment : segments) {
    const size_t plaintext_size = segment.size < kTagBytes ? 0 : segment.size - kTagBytes;
    StoreTransportNonce(segment.counter, nonce);
    segment.ok =
        context.Open(nonce, {segment.data, segment.size}, {}, {segment.data, plaintext_size});
  }
}

}  // namespace ringwire::crypto
