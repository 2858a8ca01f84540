#ifndef RINGWIRE_CORE_NOISE_TAI64N_H_
#define RINGWIRE_CORE_NOISE_TAI64N_H_

#include <array>
#include <compare>
#include <cstdint>

#include "absl/time/time.h"

namespace ringwire {

// The timestamp of an initiation (WP §5.1): opaque bytes whose lexicographic order is the order in
// time. A receiver only compares: a peer may not round, and its clock may be wrong.
struct Tai64n {
  std::array<uint8_t, 12> bytes{};

  // Rounds the nanoseconds down to a multiple of 2^24, so that a listener gets no precise clock.
  static Tai64n From(absl::Time wall_now);
  // The next rounded stamp that is greater than this one, whatever its low bits are.
  Tai64n Successor() const;

  // The transport extension: a rounded stamp has room for the offer of AES-256-GCM. An offer keeps
  // the order of stamps of different steps, and is itself greater than the stamp without it.
  Tai64n WithOffer() const;
  // Whether the low bits are the offer's code; true by accident for one in 2^24 stamps of a peer
  // that does not round.
  bool HasOffer() const;
  // The time it states, for messages to people only; absl::InfinitePast() if it is no sensible
  // date.
  absl::Time ToTime() const;
  friend auto operator<=>(const Tai64n&, const Tai64n&) = default;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_NOISE_TAI64N_H_
