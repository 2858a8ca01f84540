#ifndef RINGWIRE_PLATFORM_IO_QUEUEING_BACKEND_H_
#define RINGWIRE_PLATFORM_IO_QUEUEING_BACKEND_H_

#include <sys/socket.h>

#include <span>

#include "platform/base/unique_fd.h"
#include "platform/io/backend_factory.h"
#include "platform/io/send_queue.h"
#include "platform/io/tun_write_queue.h"

namespace ringwire::platform {

// What both backends do alike: they queue, they are woken by an eventfd, and they turn a received
// message into a run.
class QueueingBackend : public IoBackend {
 public:
  void SendUdp(std::span<const SendRun> runs) final;
  void WriteTun(const TunWriteBatch& batch) final;
  std::span<const PeerId> unusable_sources() const final { return sends_.unusable_sources(); }
  bool gso_disabled() const final;
  bool superpackets_refused() const final { return writes_.superpackets_refused(); }
  void Wake() final;

 protected:
  explicit QueueingBackend(const BackendOptions& options);

  // Hands everything queued to the kernel and leaves the queues empty. A failure that concerns the
  // whole backend is kept for the next Wait().
  virtual void Submit() = 0;

  const BackendOptions& options() const { return options_; }
  WorkerCounters& counters() { return *options_.counters; }
  int wake_fd() const { return wake_.get(); }
  void ClearWake();
  // A message of `payload.size()` bytes whose name and control messages `header` describes,
  // counted.
  ReceivedRun Received(const msghdr& header, std::span<uint8_t> payload);
  TunFrame ReadFrame(std::span<uint8_t> bytes);

  SendQueue sends_;
  TunWriteQueue writes_;

 private:
  void QueueSend(const SendRun& run);

  const BackendOptions options_;
  const UniqueFd wake_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_QUEUEING_BACKEND_H_
