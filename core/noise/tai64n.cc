#include "core/noise/tai64n.h"

#include "core/base/endian.h"
#include "core/wire/constants.h"

namespace ringwire {
namespace {

// The TAI64 label of 1970-01-01 00:00:00 UTC. TAI was ten seconds ahead then; leap seconds since
// are left out, as every WireGuard implementation does.
constexpr uint64_t kUnixEpochLabel = 0x400000000000000a;
constexpr uint32_t kRoundingStep = uint32_t{1} << 24;
constexpr uint32_t kRoundingMask = ~(kRoundingStep - 1);
constexpr uint32_t kNanosecondsPerSecond = 1'000'000'000;
static_assert((kOfferAes256Gcm & kRoundingMask) == 0);
// Even the last stamp of a second has room for the offer.
static_assert(((kNanosecondsPerSecond - 1) & kRoundingMask) + kOfferAes256Gcm <
              kNanosecondsPerSecond);
// 10000-01-01: a later stamp comes from a broken clock or a broken sender.
constexpr uint64_t kUnixSecondsMax = 253'402'300'800;

}  // namespace

Tai64n Tai64n::From(absl::Time wall_now) {
  const int64_t seconds = absl::ToUnixSeconds(wall_now);  // rounds towards the past
  const auto nanoseconds =
      static_cast<uint32_t>(absl::ToInt64Nanoseconds(wall_now - absl::FromUnixSeconds(seconds)));
  Tai64n result;
  StoreBe64(result.bytes.data(), kUnixEpochLabel + static_cast<uint64_t>(seconds));
  StoreBe32(result.bytes.data() + 8, nanoseconds & kRoundingMask);
  return result;
}

Tai64n Tai64n::Successor() const {
  uint64_t seconds = LoadBe64(bytes.data());
  uint32_t nanoseconds = (LoadBe32(bytes.data() + 8) & kRoundingMask) + kRoundingStep;
  if (nanoseconds >= kNanosecondsPerSecond) {
    nanoseconds = 0;
    ++seconds;
  }
  Tai64n result;
  StoreBe64(result.bytes.data(), seconds);
  StoreBe32(result.bytes.data() + 8, nanoseconds);
  return result;
}

Tai64n Tai64n::WithOffer() const {
  Tai64n result = *this;
  uint8_t* const nanoseconds = result.bytes.data() + 8;
  StoreBe32(nanoseconds, (LoadBe32(nanoseconds) & kRoundingMask) | kOfferAes256Gcm);
  return result;
}

bool Tai64n::HasOffer() const {
  return (LoadBe32(bytes.data() + 8) & ~kRoundingMask) == kOfferAes256Gcm;
}

absl::Time Tai64n::ToTime() const {
  // A label before 1970 wraps to a number far above the limit.
  const uint64_t seconds = LoadBe64(bytes.data()) - kUnixEpochLabel;
  const uint32_t nanoseconds = LoadBe32(bytes.data() + 8);
  if (seconds >= kUnixSecondsMax || nanoseconds >= kNanosecondsPerSecond) {
    return absl::InfinitePast();
  }
  return absl::FromUnixSeconds(static_cast<int64_t>(seconds)) + absl::Nanoseconds(nanoseconds);
}

}  // namespace ringwire
