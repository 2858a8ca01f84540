#ifndef RINGWIRE_TESTS_SUPPORT_ALLOCATED_BYTES_H_
#define RINGWIRE_TESTS_SUPPORT_ALLOCATED_BYTES_H_

#include <cstddef>

// The sanitizers' runtimes have this; other builds leave it null.
extern "C" __attribute__((weak)) size_t __sanitizer_get_current_allocated_bytes();

namespace ringwire {

// What this process has allocated and not freed; 0 without a sanitizer, which counts it.
inline size_t AllocatedBytes() {
  if (__sanitizer_get_current_allocated_bytes == nullptr) return 0;
  return __sanitizer_get_current_allocated_bytes();
}

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SUPPORT_ALLOCATED_BYTES_H_
