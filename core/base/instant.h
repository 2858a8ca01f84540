#ifndef RINGWIRE_CORE_BASE_INSTANT_H_
#define RINGWIRE_CORE_BASE_INSTANT_H_

#include <compare>
#include <cstdint>
#include <limits>

#include "absl/time/time.h"

namespace ringwire {

// A point on CLOCK_BOOTTIME in nanoseconds: monotonic, and it counts the time while the machine was
// suspended, so that keys age then as well. Always an argument: core never reads a clock.
// absl::Time is only for the wall clock, which may jump.
class Instant {
 public:
  constexpr Instant() = default;
  static constexpr Instant FromNanoseconds(int64_t ns) { return Instant(ns); }
  // Later than every event: "no deadline".
  static constexpr Instant InfiniteFuture() { return Instant(std::numeric_limits<int64_t>::max()); }

  constexpr int64_t nanoseconds() const { return ns_; }
  constexpr bool IsInfiniteFuture() const { return *this == InfiniteFuture(); }

  friend constexpr auto operator<=>(Instant, Instant) = default;

  // Saturates, so that InfiniteFuture() plus anything stays infinite.
  friend Instant operator+(Instant a, absl::Duration d) {
    const int64_t delta = absl::ToInt64Nanoseconds(d);
    int64_t sum = 0;
    if (a.IsInfiniteFuture() || __builtin_add_overflow(a.ns_, delta, &sum)) return InfiniteFuture();
    return Instant(sum);
  }
  friend Instant operator-(Instant a, absl::Duration d) { return a + (-d); }
  friend absl::Duration operator-(Instant a, Instant b) { return absl::Nanoseconds(a.ns_ - b.ns_); }

 private:
  explicit constexpr Instant(int64_t ns) : ns_(ns) {}
  int64_t ns_ = 0;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_BASE_INSTANT_H_
