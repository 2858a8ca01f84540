#ifndef RINGWIRE_CORE_BASE_MUTEX_H_
#define RINGWIRE_CORE_BASE_MUTEX_H_

#include <mutex>

#include "absl/base/thread_annotations.h"

namespace ringwire {

// std::mutex with the annotations that let clang prove who holds it. Not absl::Mutex: the packaged
// one lacks TSan's hooks, so TSan reports false races.
class ABSL_LOCKABLE Mutex {
 public:
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex* mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_->Lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_->Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* const mutex_;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_BASE_MUTEX_H_
