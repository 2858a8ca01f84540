#ifndef RINGWIRE_TESTS_UNIT_PLATFORM_SANDBOX_POSIX_THREAD_H_
#define RINGWIRE_TESTS_UNIT_PLATFORM_SANDBOX_POSIX_THREAD_H_

#include <pthread.h>

#include <functional>
#include <utility>

namespace ringwire::platform {

// A thread for tests that fork and filter system calls beside it. That is beyond ThreadSanitizer,
// whose run takes the files that name the standard library's threads.
class PosixThread {
 public:
  explicit PosixThread(std::function<void()> body) : body_(std::move(body)) {
    ::pthread_create(&thread_, nullptr, &Run, &body_);
  }
  ~PosixThread() { ::pthread_join(thread_, nullptr); }
  PosixThread(const PosixThread&) = delete;
  PosixThread& operator=(const PosixThread&) = delete;

 private:
  static void* Run(void* body) {
    (*static_cast<std::function<void()>*>(body))();
    return nullptr;
  }

  std::function<void()> body_;
  pthread_t thread_{};
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_TESTS_UNIT_PLATFORM_SANDBOX_POSIX_THREAD_H_
