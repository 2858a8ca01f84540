#ifndef RINGWIRE_TESTS_SUPPORT_FREED_MEMORY_H_
#define RINGWIRE_TESTS_SUPPORT_FREED_MEMORY_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <utility>

// The sanitizers' runtimes have these; other builds leave them null.
extern "C" __attribute__((weak)) int __sanitizer_install_malloc_and_free_hooks(
    void (*malloc_hook)(const volatile void*, size_t), void (*free_hook)(const volatile void*));
extern "C" __attribute__((weak)) size_t __sanitizer_get_allocated_size(const volatile void* memory);

namespace ringwire {

// Looks for a text in everything that the calling thread frees during its life. One at a time in a
// program; needs a sanitizer build, which CanLook() tells.
class FreedMemory {
 public:
  static bool CanLook() { return __sanitizer_install_malloc_and_free_hooks != nullptr; }

  explicit FreedMemory(std::string text) : text_(std::move(text)) {
    static const int installed = __sanitizer_install_malloc_and_free_hooks(Ignore, Look);
    EXPECT_NE(installed, 0);
    present_ = this;
  }
  ~FreedMemory() { present_ = nullptr; }
  FreedMemory(const FreedMemory&) = delete;
  FreedMemory& operator=(const FreedMemory&) = delete;

  // How many blocks had it in them when they were freed.
  int found() const { return found_; }

 private:
  static void Ignore(const volatile void*, size_t) {}
  // Unchecked: containers poison what they do not use of a block.
  __attribute__((no_sanitize("address", "thread"))) static void Look(const volatile void* memory) {
    if (present_ == nullptr || memory == nullptr) return;
    const size_t size = __sanitizer_get_allocated_size(memory);
    const auto* const bytes = static_cast<const volatile char*>(memory);
    const char* const text = present_->text_.data();
    const size_t length = present_->text_.size();
    for (size_t at = 0; at + length <= size; ++at) {
      size_t same = 0;
      while (same < length && bytes[at + same] == text[same]) ++same;
      if (same < length) continue;
      ++present_->found_;
      return;
    }
  }

  static inline thread_local FreedMemory* present_ = nullptr;
  const std::string text_;
  int found_ = 0;
};

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SUPPORT_FREED_MEMORY_H_
