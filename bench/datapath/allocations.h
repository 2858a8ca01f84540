#ifndef RINGWIRE_BENCH_DATAPATH_ALLOCATIONS_H_
#define RINGWIRE_BENCH_DATAPATH_ALLOCATIONS_H_

#include <cstdint>

namespace ringwire::bench {

// The number of allocations of the calling thread, in any code: the program replaces malloc and its
// family (allocations.cc), which operator new and every library call.
uint64_t Allocations();

}  // namespace ringwire::bench

#endif  // RINGWIRE_BENCH_DATAPATH_ALLOCATIONS_H_
