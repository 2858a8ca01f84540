#ifndef RINGWIRE_PLATFORM_CONTROL_WORKER_GROUP_H_
#define RINGWIRE_PLATFORM_CONTROL_WORKER_GROUP_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/datapath/load_sources.h"
#include "core/routing/plane_messages.h"
#include "core/routing/shared_state.h"
#include "crypto/aead_provider.h"
#include "platform/worker/worker.h"

namespace ringwire::platform {

// What all workers of a device share. The pointers outlive the group.
struct WorkerGroupOptions {
  std::string interface_name;  // for the log
  SharedState* shared = nullptr;
  CapabilityLadder* ladder = nullptr;
  crypto::AeadProviders aead_providers;
  uint64_t load_seed = 0;  // of LoadSources
};

// The workers of one device and control's side of their mailboxes: handshakes come from the workers
// in turn, commands go to any of them. For the control thread; the destructor stops the workers.
class WorkerGroup {
 public:
  explicit WorkerGroup(WorkerGroupOptions options);
  ~WorkerGroup() { Stop(); }
  WorkerGroup(const WorkerGroup&) = delete;
  WorkerGroup& operator=(const WorkerGroup&) = delete;

  // Makes every worker before the first one starts. If io_uring does not start and the workers'
  // options allow it, all workers use epoll, so that the device has one backend.
  absl::Status Start(std::vector<WorkerOptions> workers, const std::function<void()>& wake_control);
  void Stop();
  void WakeAll();
  // The reason of a worker that has ended by itself.
  std::optional<absl::Status> Failure() const;

  std::span<const std::unique_ptr<Worker>> all() const { return workers_; }
  // Takes the next handshake message, from the workers in turn; false: there is none.
  bool PopHandshake(HandshakeDatagram* datagram);
  // Gives a worker the command and wakes it; false: all queues are full. The packets of one peer
  // always go to the same worker, unless its queue is full.
  bool PushFlush(FlushStaged* flush);

 private:
  absl::Status StartAll();

  const WorkerGroupOptions options_;
  LoadSources load_sources_;  // before the workers, which use it
  std::vector<std::unique_ptr<Worker>> workers_;
  size_t next_handshake_worker_ = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_WORKER_GROUP_H_
