#ifndef RINGWIRE_BENCH_DATAPATH_ALLOCATIONS_H_
#define RINGWIRE_BENCH_DATAPATH_ALLOCATIONS_H_

#include <cstdint>

namespace ringwire::bench {

// How often the calling thread has asked for memory, whoever's code it was: the program replaces
// malloc and its kin (allocations.cc), which operator new and every library end in.
uint64_t Allocations();

}  // namespace ringwire::bench

#endif  // RINGWIRE_BENCH_DATAPATH_ALLOCATIONS_H_
