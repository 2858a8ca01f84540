#ifndef RINGWIRE_PLATFORM_REGISTRAR_HASH_POOL_H_
#define RINGWIRE_PLATFORM_REGISTRAR_HASH_POOL_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "core/enrol/secret_bytes.h"
#include "core/wire/address.h"
#include "platform/base/event_fd.h"

namespace ringwire::platform {

// Checks passwords on kHashThreads threads of low priority, so that a flood of logins leaves the
// packet path its CPUs. Sources take turns. A job keeps its place until it is done, also if nobody
// waits for it any more. All functions are for one thread, its owner's.
class HashPool {
 public:
  struct Job {
    uint64_t id = 0;
    IpAddress source;
    std::string hash;
    enrol::SecretBytes password;
  };
  struct Result {
    uint64_t id = 0;
    bool matches = false;
  };

  // Returns when the threads have their priority.
  static absl::StatusOr<std::unique_ptr<HashPool>> Start();
  ~HashPool();
  HashPool(const HashPool&) = delete;
  HashPool& operator=(const HashPool&) = delete;

  // False: kHashesWaitingMax wait already.
  bool Add(Job job);
  // Readable: there are results.
  int fd() const { return done_event_.get(); }
  std::vector<Result> TakeResults();

 private:
  HashPool() = default;
  void Work();
  Job TakeJob();  // with the lock, and not without jobs

  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<IpAddress, std::deque<Job>> waiting_;  // none is empty
  IpAddress last_source_;
  size_t waiting_count_ = 0;
  size_t started_ = 0;  // threads
  bool ends_ = false;
  std::vector<Result> done_;
  const EventFd done_event_;
  std::vector<std::thread> threads_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_REGISTRAR_HASH_POOL_H_
