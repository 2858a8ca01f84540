#include "core/noise/tai64n.h"

#include <gtest/gtest.h>

#include "core/base/endian.h"
#include "core/wire/constants.h"
#include "tests/support/seeded_random.h"

namespace ringwire {
namespace {

absl::Time At(int64_t seconds, int64_t nanoseconds) {
  return absl::FromUnixSeconds(seconds) + absl::Nanoseconds(nanoseconds);
}

Tai64n Stamp(uint64_t label, uint32_t nanoseconds) {
  Tai64n stamp;
  StoreBe64(stamp.bytes.data(), label);
  StoreBe32(stamp.bytes.data() + 8, nanoseconds);
  return stamp;
}

uint32_t NanosecondsOf(const Tai64n& stamp) { return LoadBe32(stamp.bytes.data() + 8); }

TEST(Tai64nTest, KnownValues) {
  EXPECT_EQ(Tai64n::From(At(0, 0)), Stamp(0x400000000000000a, 0));
  EXPECT_EQ(Tai64n::From(At(1700000000, 999999999)), Stamp(0x400000006553f10a, 0x3b000000));
  const std::array<uint8_t, 12> bytes = {0x40, 0, 0, 0, 0x65, 0x53, 0xf1, 0x0a, 0x3b, 0, 0, 0};
  EXPECT_EQ(Tai64n::From(At(1700000000, 999999999)).bytes, bytes);
}

TEST(Tai64nTest, RoundsDownToMultiplesOfTwoToThe24) {
  EXPECT_EQ(NanosecondsOf(Tai64n::From(At(5, 0))), 0U);
  EXPECT_EQ(NanosecondsOf(Tai64n::From(At(5, (1 << 24) - 1))), 0U);
  EXPECT_EQ(NanosecondsOf(Tai64n::From(At(5, 1 << 24))), 1U << 24);
  EXPECT_EQ(NanosecondsOf(Tai64n::From(At(5, (1 << 25) - 1))), 1U << 24);
  SeededRandom random(2);
  for (int i = 0; i < 1000; ++i) {
    const auto nanoseconds = static_cast<uint32_t>(random.Below(1'000'000'000));
    const uint32_t rounded = NanosecondsOf(Tai64n::From(At(1700000000, nanoseconds)));
    EXPECT_EQ(rounded % (1U << 24), 0U);
    EXPECT_LE(rounded, nanoseconds);
    EXPECT_LT(nanoseconds - rounded, 1U << 24);
  }
}

TEST(Tai64nTest, OrderIsThatOfTime) {
  SeededRandom random(3);
  for (int i = 0; i < 1000; ++i) {
    const absl::Time a = At(static_cast<int64_t>(random.Below(uint64_t{1} << 33)),
                            static_cast<int64_t>(random.Below(1'000'000'000)));
    const absl::Time b = a + absl::Nanoseconds((1 << 24) + random.Below(uint64_t{1} << 40));
    EXPECT_LT(Tai64n::From(a), Tai64n::From(b));
  }
  EXPECT_LT(Tai64n::From(At(-1, 999999999)), Tai64n::From(At(0, 0)));
  EXPECT_LT(Tai64n(), Tai64n::From(At(0, 0)));
}

TEST(Tai64nTest, MomentsWithinOneStepAreEqual) {
  EXPECT_EQ(Tai64n::From(At(7, 0)), Tai64n::From(At(7, 16'777'215)));
  EXPECT_LT(Tai64n::From(At(7, 0)), Tai64n::From(At(7, 16'777'216)));
}

TEST(Tai64nTest, TellsTheTimeForPeople) {
  EXPECT_EQ(Tai64n::From(At(1700000000, 0)).ToTime(), At(1700000000, 0));
  EXPECT_EQ(Tai64n::From(At(0, 0)).ToTime(), absl::UnixEpoch());
  EXPECT_EQ(Stamp(0x400000006553f10a, 999'999'999).ToTime(), At(1700000000, 999'999'999));
}

TEST(Tai64nTest, StampsOfNoSensibleDateHaveNoTime) {
  EXPECT_EQ(Tai64n().ToTime(), absl::InfinitePast());
  EXPECT_EQ(Stamp(0x4000000000000009, 0).ToTime(), absl::InfinitePast());
  EXPECT_EQ(Stamp(0x400000006553f10a, 1'000'000'000).ToTime(), absl::InfinitePast());
  EXPECT_EQ(Stamp(0x400000000000000a + 253'402'300'800, 0).ToTime(), absl::InfinitePast());
  EXPECT_NE(Stamp(0x4000000000000009 + 253'402'300'800, 0).ToTime(), absl::InfinitePast());
  EXPECT_EQ(Stamp(~uint64_t{0}, ~uint32_t{0}).ToTime(), absl::InfinitePast());
}

// The transport extension.

TEST(Tai64nOfferTest, AnOfferIsReadBackAndARoundedStampHasNone) {
  const Tai64n stamp = Tai64n::From(At(1700000000, 999999999));
  EXPECT_FALSE(stamp.HasOffer());
  EXPECT_TRUE(stamp.WithOffer().HasOffer());
  EXPECT_EQ(stamp.WithOffer(), stamp.WithOffer().WithOffer());
  EXPECT_FALSE(Tai64n().HasOffer());
}

TEST(Tai64nOfferTest, NeighbouringCodesAreNoOffer) {
  const uint64_t label = 0x400000006553f10a;
  EXPECT_TRUE(Stamp(label, 0x3b000000 | kOfferAes256Gcm).HasOffer());
  for (const uint32_t code : {kOfferAes256Gcm - 1, kOfferAes256Gcm + 1}) {
    EXPECT_FALSE(Stamp(label, 0x3b000000 | code).HasOffer()) << code;
  }
  for (int bit = 0; bit < 24; ++bit) {
    EXPECT_FALSE(Stamp(label, 0x3b000000 | (kOfferAes256Gcm ^ (1U << bit))).HasOffer()) << bit;
  }
}

TEST(Tai64nOfferTest, StampsWithOffersStayBelowTheSecond) {
  for (uint32_t nanoseconds = 0; nanoseconds < 1'000'000'000; nanoseconds += 1U << 23) {
    EXPECT_LT(NanosecondsOf(Tai64n::From(At(5, nanoseconds)).WithOffer()), 1'000'000'000U);
  }
  EXPECT_EQ(NanosecondsOf(Tai64n::From(At(5, 999'999'999)).WithOffer()), 995'251'969U);
}

TEST(Tai64nOfferTest, OffersKeepTheOrderOfTime) {
  SeededRandom random(7);
  for (int i = 0; i < 1000; ++i) {
    const absl::Time a = At(static_cast<int64_t>(random.Below(uint64_t{1} << 33)),
                            static_cast<int64_t>(random.Below(1'000'000'000)));
    const absl::Time b = a + absl::Nanoseconds((1 << 24) + random.Below(uint64_t{1} << 40));
    for (const auto& [first, second] :
         {std::pair(Tai64n::From(a).WithOffer(), Tai64n::From(b)),
          std::pair(Tai64n::From(a), Tai64n::From(b).WithOffer()),
          std::pair(Tai64n::From(a).WithOffer(), Tai64n::From(b).WithOffer())}) {
      EXPECT_LT(first, second);
    }
    EXPECT_LT(Tai64n::From(a), Tai64n::From(a).WithOffer());
  }
}

TEST(Tai64nOfferTest, TheSuccessorIsRoundedAndGreaterWithAndWithoutOffers) {
  Tai64n stamp = Tai64n::From(At(5, 900'000'000));
  for (int i = 0; i < 200; ++i) {
    const Tai64n next = stamp.Successor();
    EXPECT_LT(stamp, next);
    EXPECT_LT(stamp.WithOffer(), next);
    EXPECT_EQ(stamp.WithOffer().Successor(), next);
    EXPECT_FALSE(next.HasOffer());
    EXPECT_EQ(NanosecondsOf(next) % (1U << 24), 0U);
    EXPECT_LT(NanosecondsOf(next), 1'000'000'000U);
    stamp = next;
  }
}

}  // namespace
}  // namespace ringwire
