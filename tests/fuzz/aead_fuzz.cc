// 32 bytes of key, 8 of counter, then segments: two bytes of size and flags, and the text. Each
// provider of this machine must seal a run as BoringSSL does, and open what BoringSSL opens, and
// nothing else.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/check.h"
#include "crypto/aead_runs.h"

namespace {

using ringwire::crypto::AeadKey;
using ringwire::crypto::AeadRuns;
using ringwire::crypto::AeadSuite;
using ringwire::crypto::BoringSslRuns;
using ringwire::crypto::kTagBytes;
using ringwire::crypto::OpenSegment;
using ringwire::crypto::SealSegment;

using Bytes = std::vector<uint8_t>;

constexpr size_t kHeaderBytes = 40;
constexpr size_t kSizeMax = 0xfff;

struct Text {
  Bytes bytes;      // with room for the tag
  uint16_t forged;  // where a bit is flipped before the message is opened; 0 where nowhere
};

std::vector<Text> TextsOf(std::span<const uint8_t> input) {
  std::vector<Text> texts;
  while (input.size() >= 2) {
    const auto word = static_cast<uint16_t>(input[0] | input[1] << 8);
    input = input.subspan(2);
    Text text;
    // A size beyond what is left of the input: a text of one byte over and over, so that few bytes
    // of input make long trains.
    const size_t size = word & kSizeMax;
    const size_t given = std::min(size, input.size());
    text.bytes.assign(input.begin(), input.begin() + static_cast<ptrdiff_t>(given));
    text.bytes.resize(size, static_cast<uint8_t>(word));
    text.bytes.resize(size + kTagBytes);
    text.forged = static_cast<uint16_t>(word >> 12);
    texts.push_back(std::move(text));
    input = input.subspan(word % 2 == 0 ? given : 0);
  }
  return texts;
}

std::vector<Text> Seal(AeadRuns& runs, const AeadKey& key, std::vector<Text> texts,
                       uint64_t counter0) {
  std::vector<SealSegment> segments;
  for (Text& text : texts) {
    segments.push_back({text.bytes.data(), text.bytes.size() - kTagBytes});
  }
  runs.SealRun(key, segments, counter0);
  return texts;
}

std::vector<bool> Open(AeadRuns& runs, const AeadKey& key, std::vector<Text>* texts,
                       uint64_t counter0) {
  std::vector<OpenSegment> segments;
  uint64_t counter = counter0;
  for (Text& text : *texts) {
    segments.push_back({text.bytes.data(), text.bytes.size(), counter++, false});
  }
  runs.OpenRun(key, segments);
  std::vector<bool> opened;
  for (const OpenSegment& segment : segments) opened.push_back(segment.ok);
  return opened;
}

void Forge(std::vector<Text>* texts) {
  for (Text& text : *texts) {
    if (text.forged == 0) continue;
    text.bytes[text.bytes.size() * text.forged / 16] ^= static_cast<uint8_t>(1u << text.forged % 8);
  }
}

void Compare(AeadRuns& runs, AeadSuite suite, std::span<const uint8_t> input) {
  const AeadKey key(suite, ringwire::crypto::SymmetricKey(input.first<32>()));
  uint64_t counter0 = 0;
  for (size_t i = 32; i < kHeaderBytes; ++i) counter0 = counter0 << 8 | input[i];
  const std::vector<Text> texts = TextsOf(input.subspan(kHeaderBytes));
  BoringSslRuns boring_ssl;
  std::vector<Text> ours = Seal(boring_ssl, key, texts, counter0);
  std::vector<Text> theirs = Seal(runs, key, texts, counter0);
  for (size_t i = 0; i < texts.size(); ++i) CHECK(ours[i].bytes == theirs[i].bytes);
  Forge(&ours);
  Forge(&theirs);
  CHECK(Open(boring_ssl, key, &ours, counter0) == Open(runs, key, &theirs, counter0));
  for (size_t i = 0; i < texts.size(); ++i) {
    CHECK(std::equal(ours[i].bytes.begin(), ours[i].bytes.end() - kTagBytes,
                     theirs[i].bytes.begin()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kHeaderBytes) return 0;
  static AeadRuns* const interleaved = ringwire::crypto::MakeInterleaved(nullptr).release();
  static AeadRuns* const ipsec_mb = ringwire::crypto::MakeIpsecMb().runs.release();
  const std::span<const uint8_t> input(data, size);
  if (interleaved != nullptr) Compare(*interleaved, AeadSuite::kChaCha20Poly1305, input);
  if (ipsec_mb == nullptr) return 0;
  Compare(*ipsec_mb, AeadSuite::kChaCha20Poly1305, input);
  Compare(*ipsec_mb, AeadSuite::kAes256Gcm, input);
  return 0;
}
