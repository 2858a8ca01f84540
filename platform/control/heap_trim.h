#ifndef RINGWIRE_PLATFORM_CONTROL_HEAP_TRIM_H_
#define RINGWIRE_PLATFORM_CONTROL_HEAP_TRIM_H_

#include <cstddef>

namespace ringwire::platform {

// Decides when to return free memory to the kernel. malloc itself returns only the end of the heap,
// where peers that remain keep it, and a large request leaves holes below them. A trim of 100,000
// peers' memory takes some 10 ms, so only a change of many peers is followed by one.
// Thread-compatible.
class HeapTrim {
 public:
  // The change in the number of peers after which a trim is due.
  static constexpr size_t kPeersChanged = 8192;

  // Whether to trim now. `retired`: objects that still wait to be destroyed; a trim before that
  // would be too early.
  [[nodiscard]] bool TakeDue(size_t peers, size_t retired);

 private:
  size_t peers_ = 0;  // at the last trim
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_HEAP_TRIM_H_
