#include "platform/control/handshake_pool.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "core/base/check.h"
#include "crypto/random.h"
#include "platform/base/start_thread.h"

namespace ringwire::platform {

HandshakePool::~HandshakePool() {
  ending_.store(true);
  ready_.Release(threads_.size());
  for (std::thread& thread : threads_) thread.join();
}

bool HandshakePool::Start(size_t threads) {
  for (size_t i = 0; i < std::min(threads, kThreadsMax); ++i) {
    absl::StatusOr<std::thread> thread = StartThread([this] { Run(); });
    if (!thread.ok()) break;
    threads_.push_back(*std::move(thread));
    started_.Acquire();
  }
  return !threads_.empty();
}

void HandshakePool::Submit(std::unique_ptr<HandshakeWork> work) {
  CHECK(has_room() && !threads_.empty());
  slots_[submitted_++ % kUnderWayMax].work = std::move(work);
  ready_.Release(1);
}

std::unique_ptr<HandshakeWork> HandshakePool::Take() {
  if (taken_ == submitted_) return nullptr;
  Slot& slot = slots_[taken_ % kUnderWayMax];
  if (!slot.done.load(std::memory_order_acquire)) return nullptr;
  slot.done.store(false, std::memory_order_relaxed);
  ++taken_;
  return std::move(slot.work);
}

void HandshakePool::Run() {
  pthread_setname_np(pthread_self(), "rw-handshakes");
  crypto::SystemRandom random;
  started_.Release(1);
  while (true) {
    ready_.Acquire();
    if (ending_.load()) return;
    // A permit may be that of another slot: the permits and `begun_`, which must not be relaxed,
    // together order this after Submit's write.
    Slot& slot = slots_[begun_.fetch_add(1) % kUnderWayMax];
    slot.work->Run(random);
    slot.done.store(true, std::memory_order_release);
    on_done_();
  }
}

}  // namespace ringwire::platform
