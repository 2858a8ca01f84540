#include "crypto/aead.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <new>
#include <string>
#include <thread>
#include <type_traits>

#include "crypto/aead_interleaved.h"
#include "crypto/aead_ipsec_mb.h"
#include "crypto/aead_runs.h"
#include "crypto/blake2s.h"
#include "tests/unit/crypto/hex.h"

namespace ringwire::crypto {
namespace {

static_assert(!std::is_copy_constructible_v<AeadKey> && !std::is_move_constructible_v<AeadKey>);
static_assert(!std::is_copy_assignable_v<AeadKey> && !std::is_move_assignable_v<AeadKey>);
static_assert(static_cast<uint8_t>(AeadSuite::kChaCha20Poly1305) == 0);
static_assert(static_cast<uint8_t>(AeadSuite::kAes256Gcm) == 1);

constexpr uint8_t kCanary = 0xc5;
constexpr size_t kLargestBytes = 1500;

// Depends on the size too, so that segments of a run differ.
Bytes Plaintext(size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(31 * i + size);
  return bytes;
}

struct Variant {
  AeadSuite suite;
  AeadProvider provider;
};

// Every suite by every provider that this machine has.
std::vector<Variant> Variants() {
  std::vector<Variant> variants;
  for (const AeadSuite suite : {AeadSuite::kChaCha20Poly1305, AeadSuite::kAes256Gcm}) {
    variants.push_back({suite, AeadProvider::kBoringSsl});
    if (MakeIpsecMb().runs != nullptr) variants.push_back({suite, AeadProvider::kIpsecMb});
  }
  if (CanInterleave()) {
    variants.push_back({AeadSuite::kChaCha20Poly1305, AeadProvider::kInterleaved});
  }
  return variants;
}

class AeadEngineTest : public testing::TestWithParam<Variant> {
 protected:
  AeadSuite suite() const { return GetParam().suite; }
  AeadProviders providers() const {
    AeadProviders providers;
    providers.by_suite[static_cast<size_t>(suite())] = GetParam().provider;
    return providers;
  }

  // The plaintext sealed alone, with its tag.
  Bytes Seal(Bytes plaintext, uint64_t counter) {
    const size_t size = plaintext.size();
    plaintext.resize(size + kTagBytes);
    const SealSegment segment = {plaintext.data(), size};
    engine_.SealRun(key_, {&segment, 1}, counter);
    return plaintext;
  }

  // Opens a copy; on success the plaintext is in opened_.
  bool Open(Bytes sealed, uint64_t counter) {
    OpenSegment segment = {sealed.data(), sealed.size(), counter, false};
    engine_.OpenRun(key_, {&segment, 1});
    opened_ = std::move(sealed);
    if (opened_.size() >= kTagBytes) opened_.resize(opened_.size() - kTagBytes);
    return segment.ok;
  }

  const AeadKey key_{suite(), SymmetricKey(CountingArray<32>())};
  AeadEngine engine_{providers()};
  Bytes opened_;
};

std::string VariantName(const testing::TestParamInfo<Variant>& info) {
  return std::string(info.param.suite == AeadSuite::kAes256Gcm ? "Aes256Gcm" : "ChaCha20Poly1305") +
         (info.param.provider == AeadProvider::kBoringSsl ? "ByBoringSsl"
          : info.param.provider == AeadProvider::kIpsecMb ? "ByIpsecMb"
                                                          : "Interleaved");
}

INSTANTIATE_TEST_SUITE_P(Variants, AeadEngineTest, testing::ValuesIn(Variants()), VariantName);

TEST_P(AeadEngineTest, KeepsItsSuite) { EXPECT_EQ(key_.suite(), suite()); }

// chain = Blake2s(chain || sealed) over all sizes, with counters that cross 2^32. The expected
// chains come from OpenSSL's implementations, with nonces built there independently.
TEST_P(AeadEngineTest, MatchesAnIndependentImplementationAtEverySize) {
  Hash chain{};
  for (size_t size = 0; size <= kLargestBytes; ++size) {
    chain = Blake2s(chain, Seal(Plaintext(size), (uint64_t{1} << 32) - 5 + size));
  }
  EXPECT_EQ(ToHex(chain), suite() == AeadSuite::kAes256Gcm
                              ? "d35add7f6778898301c2bd25380a9fd12a2665356697c9dbf64d165d118402d9"
                              : "b6d4f326cad7b2243a5081a21702fe689657a4f27b52494d93c6ceb6659a13cc");
}

TEST_P(AeadEngineTest, UsesAll64BitsOfTheCounter) {
  EXPECT_EQ(ToHex(Seal(FromText("abc"), ~uint64_t{0})),
            suite() == AeadSuite::kAes256Gcm ? "636304c780cfa20cec1ef7e697b7c73ed485aa"
                                             : "31e1360262835be5a52c56ff561d7c874b1d49");
}

TEST_P(AeadEngineTest, RoundTripsEverySizeInPlace) {
  for (size_t size = 0; size <= kLargestBytes; ++size) {
    const Bytes plaintext = Plaintext(size);
    Bytes buffer = plaintext;
    buffer.resize(size + kTagBytes + 1, kCanary);
    const SealSegment to_seal = {buffer.data(), size};
    engine_.SealRun(key_, {&to_seal, 1}, size);
    ASSERT_EQ(buffer.back(), kCanary) << size;

    OpenSegment to_open = {buffer.data(), size + kTagBytes, size, false};
    engine_.OpenRun(key_, {&to_open, 1});
    ASSERT_TRUE(to_open.ok) << size;
    ASSERT_TRUE(std::equal(plaintext.begin(), plaintext.end(), buffer.begin())) << size;
    ASSERT_EQ(buffer.back(), kCanary) << size;
    EXPECT_EQ(to_open.data, buffer.data());
    EXPECT_EQ(to_open.size, size + kTagBytes);
    EXPECT_EQ(to_open.counter, size);
  }
}

TEST_P(AeadEngineTest, ARunSealsAsItsSegmentsWithConsecutiveCounters) {
  constexpr size_t kSegments = 64;
  constexpr uint64_t kCounter0 = (uint64_t{1} << 32) - 30;
  std::vector<Bytes> buffers;
  for (size_t i = 0; i < kSegments; ++i) {
    buffers.push_back(Plaintext(23 * i));
    buffers.back().resize(23 * i + kTagBytes);
  }
  std::vector<SealSegment> segments;
  for (Bytes& buffer : buffers) segments.push_back({buffer.data(), buffer.size() - kTagBytes});
  engine_.SealRun(key_, segments, kCounter0);
  for (size_t i = 0; i < kSegments; ++i) {
    EXPECT_EQ(ToHex(buffers[i]), ToHex(Seal(Plaintext(23 * i), kCounter0 + i))) << i;
  }

  std::vector<OpenSegment> to_open;
  for (size_t i = 0; i < kSegments; ++i) {
    to_open.push_back({buffers[i].data(), buffers[i].size(), kCounter0 + i, false});
  }
  std::reverse(to_open.begin(), to_open.end());
  engine_.OpenRun(key_, to_open);
  for (size_t i = 0; i < kSegments; ++i) {
    EXPECT_TRUE(to_open[kSegments - 1 - i].ok) << i;
    buffers[i].resize(23 * i);
    EXPECT_EQ(buffers[i], Plaintext(23 * i)) << i;
  }
}

TEST_P(AeadEngineTest, EmptyRunsDoNothing) {
  engine_.SealRun(key_, {}, 0);
  engine_.OpenRun(key_, {});
}

TEST_P(AeadEngineTest, OneBadSegmentDoesNotSpoilItsRun) {
  std::array<Bytes, 3> buffers = {Seal(Plaintext(100), 0), Seal(Plaintext(101), 1),
                                  Seal(Plaintext(102), 2)};
  buffers[1][50] ^= 4;
  std::array<OpenSegment, 3> segments;
  for (size_t i = 0; i < 3; ++i) {
    segments[i] = {buffers[i].data(), buffers[i].size(), i, i == 1};
  }
  engine_.OpenRun(key_, segments);
  EXPECT_TRUE(segments[0].ok);
  EXPECT_FALSE(segments[1].ok);
  EXPECT_TRUE(segments[2].ok);
  buffers[2].resize(102);
  EXPECT_EQ(buffers[2], Plaintext(102));
  // Nothing of the forgery's plaintext is left where a careless reader could pick it up.
  buffers[1].resize(101);
  EXPECT_EQ(buffers[1], Bytes(101));
}

TEST_P(AeadEngineTest, RejectsEveryFlippedBit) {
  const Bytes sealed = Seal(Plaintext(37), 9);
  for (size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    Bytes forged = sealed;
    forged[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    EXPECT_FALSE(Open(forged, 9)) << bit;
  }
  EXPECT_TRUE(Open(sealed, 9));
  EXPECT_EQ(opened_, Plaintext(37));
}

TEST_P(AeadEngineTest, RejectsEveryTruncation) {
  const Bytes sealed = Seal(Plaintext(37), 9);
  for (size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(Open(Bytes(sealed.begin(), sealed.begin() + static_cast<ptrdiff_t>(size)), 9))
        << size;
    EXPECT_FALSE(Open(Bytes(sealed.end() - static_cast<ptrdiff_t>(size), sealed.end()), 9)) << size;
  }
}

TEST_P(AeadEngineTest, RejectsAnAppendedByte) {
  Bytes sealed = Seal(Plaintext(37), 9);
  sealed.push_back(0);
  EXPECT_FALSE(Open(sealed, 9));
}

TEST_P(AeadEngineTest, RejectsSwappedCounters) {
  Bytes first = Seal(Plaintext(64), 1);
  Bytes second = Seal(Plaintext(64), 2);
  std::array<OpenSegment, 2> segments = {
      {{first.data(), first.size(), 2, true}, {second.data(), second.size(), 1, true}}};
  engine_.OpenRun(key_, segments);
  EXPECT_FALSE(segments[0].ok);
  EXPECT_FALSE(segments[1].ok);
}

TEST_P(AeadEngineTest, RejectsEveryOtherBitOfTheCounter) {
  const Bytes sealed = Seal(Plaintext(5), 0x0123456789abcdef);
  for (int bit = 0; bit < 64; ++bit) {
    EXPECT_FALSE(Open(sealed, 0x0123456789abcdef ^ (uint64_t{1} << bit))) << bit;
  }
}

TEST_P(AeadEngineTest, RejectsAnotherKeyAndAnotherSuite) {
  const Bytes sealed = Seal(Plaintext(37), 9);
  SymmetricKey other(CountingArray<32>());
  other.bytes()[31] ^= 1;
  const AeadKey other_key(suite(), other);
  const AeadKey other_suite(
      suite() == AeadSuite::kAes256Gcm ? AeadSuite::kChaCha20Poly1305 : AeadSuite::kAes256Gcm,
      SymmetricKey(CountingArray<32>()));
  for (const AeadKey* const key : {&other_key, &other_suite}) {
    Bytes copy = sealed;
    OpenSegment segment = {copy.data(), copy.size(), 9, true};
    engine_.OpenRun(*key, {&segment, 1});
    EXPECT_FALSE(segment.ok);
  }
}

TEST_P(AeadEngineTest, TwoThreadsSealAndOpenWithOneKey) {
  constexpr size_t kMessages = 2000;
  constexpr size_t kBytes = 300;
  std::array<std::vector<Bytes>, 2> sealed;
  std::array<size_t, 2> opened{};
  std::array<std::thread, 2> threads;
  for (size_t t = 0; t < 2; ++t) {
    threads[t] = std::thread([this, t, &mine = sealed[t], &opened_count = opened[t]] {
      AeadEngine engine(providers());
      for (size_t i = 0; i < kMessages; ++i) {
        const uint64_t counter = 2 * i + t;
        Bytes buffer = Plaintext(kBytes);
        buffer.resize(kBytes + kTagBytes);
        const SealSegment to_seal = {buffer.data(), kBytes};
        engine.SealRun(key_, {&to_seal, 1}, counter);
        mine.push_back(buffer);
        OpenSegment to_open = {buffer.data(), buffer.size(), counter, false};
        engine.OpenRun(key_, {&to_open, 1});
        if (to_open.ok) ++opened_count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  for (size_t t = 0; t < 2; ++t) {
    EXPECT_EQ(opened[t], kMessages);
    for (size_t i = 0; i < kMessages; ++i) {
      ASSERT_EQ(sealed[t][i], Seal(Plaintext(kBytes), 2 * i + t)) << t << " " << i;
    }
  }
}

TEST_P(AeadEngineTest, DestructionZeroesTheKeySchedule) {
  alignas(AeadKey) std::array<uint8_t, sizeof(AeadKey)> memory{};
  auto* const key = new (memory.data()) AeadKey(suite(), SymmetricKey(CountingArray<32>()));
  const auto used = [&memory] {
    return memory.size() -
           static_cast<size_t>(std::count(memory.begin(), memory.end(), uint8_t{0}));
  };
  ASSERT_GT(used(), 32u);
  key->~AeadKey();
  // The suite is no secret and may remain; ConstantTimeEqual makes the compiler forget what it
  // knows about the memory.
  ASSERT_FALSE(ConstantTimeEqual(memory, Bytes(1)));
  EXPECT_LE(used(), 1u);
}

// Vectors of the GCM specification whose nonce the transport can express.
TEST(Aes256GcmTest, MatchesCases13And14OfTheSpecification) {
  const AeadKey key(AeadSuite::kAes256Gcm, SymmetricKey());
  AeadEngine engine;
  Bytes empty(kTagBytes);
  Bytes block(16 + kTagBytes);
  const SealSegment case13 = {empty.data(), 0};
  const SealSegment case14 = {block.data(), 16};
  engine.SealRun(key, {&case13, 1}, 0);
  engine.SealRun(key, {&case14, 1}, 0);
  EXPECT_EQ(ToHex(empty), "530f8afbc74536b9a963b4f1c4cb738b");
  EXPECT_EQ(ToHex(block), "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

TEST(AeadSuiteTest, Names) {
  EXPECT_STREQ(AeadSuiteName(AeadSuite::kChaCha20Poly1305), "ChaCha20-Poly1305");
  EXPECT_STREQ(AeadSuiteName(AeadSuite::kAes256Gcm), "AES-256-GCM");
}

class HandshakeAeadTest : public testing::Test {
 protected:
  HandshakeAeadTest() { AeadSeal(key_, plaintext_, aad_, sealed_); }

  const SymmetricKey key_{CountingArray<32>()};
  const Bytes plaintext_ = Counting(32);
  const Bytes aad_ = Counting(64);
  Bytes sealed_ = Bytes(48);
  Bytes opened_ = Counting(32, 1);
};

TEST_F(HandshakeAeadTest, MatchesAnIndependentImplementation) {
  EXPECT_EQ(ToHex(sealed_),
            "18b94032a9e3a0d61b68566aa34e4028e8a0e1e6f5b84d4bf4e1e60936286b43"
            "4ac3400e11ac65ceec25493c156423b3");
}

TEST_F(HandshakeAeadTest, RoundTrips) {
  ASSERT_TRUE(AeadOpen(key_, sealed_, aad_, opened_));
  EXPECT_EQ(opened_, plaintext_);
}

TEST_F(HandshakeAeadTest, RoundTripsInPlace) {
  Bytes buffer = plaintext_;
  buffer.resize(48);
  AeadSeal(key_, std::span(buffer).first(32), aad_, buffer);
  EXPECT_EQ(buffer, sealed_);
  ASSERT_TRUE(AeadOpen(key_, buffer, aad_, std::span(buffer).first(32)));
  buffer.resize(32);
  EXPECT_EQ(buffer, plaintext_);
}

// The response's empty field.
TEST_F(HandshakeAeadTest, SealsNothingToATag) {
  Bytes tag(kTagBytes);
  AeadSeal(key_, {}, aad_, tag);
  EXPECT_TRUE(AeadOpen(key_, tag, aad_, {}));
  tag[3] ^= 8;
  EXPECT_FALSE(AeadOpen(key_, tag, aad_, {}));
}

TEST_F(HandshakeAeadTest, RejectsEveryFlippedBitAndZeroesTheOutput) {
  for (size_t bit = 0; bit < 8 * sealed_.size(); ++bit) {
    Bytes forged = sealed_;
    forged[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    opened_ = Counting(32, 1);
    EXPECT_FALSE(AeadOpen(key_, forged, aad_, opened_)) << bit;
    EXPECT_EQ(opened_, Bytes(32)) << bit;
  }
}

TEST_F(HandshakeAeadTest, RejectsOtherAssociatedDataAndKeys) {
  Bytes aad = aad_;
  aad[63] ^= 1;
  EXPECT_FALSE(AeadOpen(key_, sealed_, aad, opened_));
  aad = aad_;
  aad.pop_back();
  EXPECT_FALSE(AeadOpen(key_, sealed_, aad, opened_));
  EXPECT_FALSE(AeadOpen(key_, sealed_, {}, opened_));
  EXPECT_FALSE(AeadOpen(SymmetricKey(), sealed_, aad_, opened_));
}

TEST_F(HandshakeAeadTest, RejectsTruncation) {
  for (size_t size = 0; size < sealed_.size(); ++size) {
    Bytes out(size < kTagBytes ? 0 : size - kTagBytes);
    EXPECT_FALSE(AeadOpen(key_, std::span(sealed_).first(size), aad_, out)) << size;
  }
}

// Even a caller that got the sizes wrong must not see old bytes as plaintext.
TEST_F(HandshakeAeadTest, ZeroesTheOutputOfAnIncompleteTag) {
  EXPECT_FALSE(AeadOpen(key_, std::span(sealed_).first(kTagBytes - 1), aad_, opened_));
  EXPECT_EQ(opened_, Bytes(32));
}

}  // namespace
}  // namespace ringwire::crypto
