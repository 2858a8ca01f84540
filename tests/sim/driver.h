#ifndef RINGWIRE_TESTS_SIM_DRIVER_H_
#define RINGWIRE_TESTS_SIM_DRIVER_H_

#include <cstdint>

#include "absl/time/time.h"
#include "tests/sim/world.h"

namespace ringwire {

// Makes trouble in the world for this long: traffic of every kind, and events of networks,
// operators and clocks. Each trouble (a partition, a change at one end) ends within half a minute,
// or with World::Heal().
enum class Restarts : uint8_t { kNone, kSome };
void MakeTrouble(World& world, absl::Duration duration, Restarts restarts = Restarts::kSome);

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SIM_DRIVER_H_
