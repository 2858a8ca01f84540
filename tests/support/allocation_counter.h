#ifndef RINGWIRE_TESTS_SUPPORT_ALLOCATION_COUNTER_H_
#define RINGWIRE_TESTS_SUPPORT_ALLOCATION_COUNTER_H_

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>

// The sanitizers' runtimes define this; in other builds it is null.
extern "C" __attribute__((weak)) int __sanitizer_install_malloc_and_free_hooks(
    void (*malloc_hook)(const volatile void*, size_t), void (*free_hook)(const volatile void*));

namespace ringwire {

// Counts the calling thread's allocations while it exists. One at a time in a program. Needs a
// sanitizer build: see CanCount().
class AllocationCounter {
 public:
  static bool CanCount() { return __sanitizer_install_malloc_and_free_hooks != nullptr; }

  AllocationCounter() {
    static const int installed = __sanitizer_install_malloc_and_free_hooks(Count, Ignore);
    EXPECT_NE(installed, 0);
    allocations_ = 0;
    counting_ = true;
  }
  ~AllocationCounter() { counting_ = false; }
  AllocationCounter(const AllocationCounter&) = delete;
  AllocationCounter& operator=(const AllocationCounter&) = delete;

  // The count of the present counter, or of the last one.
  static int allocations() { return allocations_; }

 private:
  static void Count(const volatile void*, size_t) {
    if (counting_) ++allocations_;
  }
  static void Ignore(const volatile void*) {}

  static inline thread_local bool counting_ = false;
  static inline std::atomic<int> allocations_ = 0;
};

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SUPPORT_ALLOCATION_COUNTER_H_
