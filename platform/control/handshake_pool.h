#ifndef RINGWIRE_PLATFORM_CONTROL_HANDSHAKE_POOL_H_
#define RINGWIRE_PLATFORM_CONTROL_HANDSHAKE_POOL_H_

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/control/handshake_work.h"

namespace ringwire::platform {

// A few threads that run the expensive steps of handshakes, so that control has time for everything
// else. Results come back in the order in which the work was given. An idle pool costs no CPU time.
// Submit and Take are the control thread's.
class HandshakePool {
 public:
  // Work that is under way at most: enough for all threads to go on while control is busy for some
  // milliseconds, and little enough that work which has become stale is not begun.
  static constexpr size_t kUnderWayMax = 64;
  static constexpr size_t kThreadsMax = 4;

  // `on_done` is called on a thread of the pool when there is something to take.
  explicit HandshakePool(std::function<void()> on_done) : on_done_(std::move(on_done)) {}
  // Waits for the work that has begun.
  ~HandshakePool();
  HandshakePool(const HandshakePool&) = delete;
  HandshakePool& operator=(const HandshakePool&) = delete;

  // Starts as many threads as the system allows, `threads` at most, and returns when they wait for
  // work: a thread that begins makes system calls that a sandbox may refuse later. False: none;
  // then Submit may not be called.
  bool Start(size_t threads);

  bool has_room() const { return submitted_ - taken_ < kUnderWayMax; }
  // Needs room.
  void Submit(std::unique_ptr<HandshakeWork> work);
  // The next finished work, in the order of Submit; nullptr: it is not finished yet.
  std::unique_ptr<HandshakeWork> Take();

 private:
  // A counting semaphore. That of libstdc++ 12 can sleep although it was released.
  class Permits {
   public:
    void Release(size_t count) {
      {
        std::lock_guard<std::mutex> lock(mutex_);
        count_ += count;
      }
      for (; count > 0; --count) changed_.notify_one();
    }
    void Acquire() {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return count_ > 0; });
      --count_;
    }

   private:
    std::mutex mutex_;
    std::condition_variable changed_;
    size_t count_ = 0;
  };

  struct Slot {
    std::unique_ptr<HandshakeWork> work;  // of the thread that has it, from Submit to `done`
    std::atomic<bool> done{false};
  };

  void Run();

  const std::function<void()> on_done_;
  std::array<Slot, kUnderWayMax> slots_;
  size_t submitted_ = 0;          // control's
  size_t taken_ = 0;              // control's
  std::atomic<size_t> begun_{0};  // the threads'
  std::atomic<bool> ending_{false};
  // Work that no thread has begun, or one for each thread when it ends.
  Permits ready_;
  Permits started_;
  std::vector<std::thread> threads_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_HANDSHAKE_POOL_H_
