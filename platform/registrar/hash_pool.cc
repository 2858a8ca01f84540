#include "platform/registrar/hash_pool.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "core/base/status_macros.h"
#include "core/enrol/limits.h"
#include "platform/base/start_thread.h"
#include "platform/registrar/password_hash.h"

namespace ringwire::platform {
namespace {

constexpr int kNiceness = 10;

}  // namespace

absl::StatusOr<std::unique_ptr<HashPool>> HashPool::Start() {
  std::unique_ptr<HashPool> pool(new HashPool());
  for (size_t i = 0; i < enrol::kHashThreads; ++i) {
    ASSIGN_OR_RETURN(std::thread thread, StartThread([self = pool.get()] { self->Work(); }));
    pool->threads_.push_back(std::move(thread));
  }
  // A process that is confined next could no longer change their priority.
  std::unique_lock lock(pool->mutex_);
  pool->wake_.wait(lock, [&pool] { return pool->started_ == enrol::kHashThreads; });
  lock.unlock();
  return pool;
}

HashPool::~HashPool() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool HashPool::Add(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_count_ >= enrol::kHashesWaitingMax) return false;
    ++waiting_count_;
    const IpAddress source = job.source;
    waiting_[source].push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

// Of the source after the one that was served last.
HashPool::Job HashPool::TakeJob() {
  auto next = waiting_.upper_bound(last_source_);
  if (next == waiting_.end()) next = waiting_.begin();
  last_source_ = next->first;
  Job job = std::move(next->second.front());
  next->second.pop_front();
  if (next->second.empty()) waiting_.erase(next);
  --waiting_count_;
  return job;
}

void HashPool::Work() {
  // Of this thread alone. Best effort: a system that forbids it has other means.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kNiceness);
  std::unique_lock lock(mutex_);
  ++started_;
  wake_.notify_all();
  while (true) {
    wake_.wait(lock, [this] { return ends_ || waiting_count_ > 0; });
    if (ends_) return;
    const Job job = TakeJob();
    lock.unlock();
    const bool matches = MatchesHash(job.password.view(), job.hash);
    lock.lock();
    done_.push_back({job.id, matches});
    done_event_.Raise();
  }
}

std::vector<HashPool::Result> HashPool::TakeResults() {
  done_event_.Clear();
  const std::lock_guard lock(mutex_);
  return std::exchange(done_, {});
}

}  // namespace ringwire::platform
