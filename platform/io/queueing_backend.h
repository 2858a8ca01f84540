#ifndef RINGWIRE_PLATFORM_IO_QUEUEING_BACKEND_H_
#define RINGWIRE_PLATFORM_IO_QUEUEING_BACKEND_H_

#include <sys/socket.h>

#include <cerrno>
#include <span>

#include "platform/base/event_fd.h"
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
  void Wake() final;

 protected:
  explicit QueueingBackend(const BackendOptions& options);

  // Hands everything queued to the kernel and leaves the queues empty. A failure that concerns the
  // whole backend is kept for the next Wait().
  virtual void Submit() = 0;

  const BackendOptions& options() const { return options_; }
  WorkerCounters& counters() { return *options_.counters; }
  CapabilityLadder& ladder() { return *options_.ladder; }
  // See IoFaults; 0 where there are none.
  int FaultOn(IoOperation operation) {
    return options_.faults == nullptr ? 0 : options_.faults->Next(operation);
  }
  int wake_fd() const { return wake_.get(); }
  void ClearWake();
  // A message of `payload.size()` bytes whose name and control messages `header` describes,
  // counted.
  ReceivedRun Received(const msghdr& header, std::span<uint8_t> payload);
  TunFrame ReadFrame(std::span<uint8_t> bytes);

  // Whether `error` says that the operation as such is refused, so that it may do with an offload
  // less: anything else is a shortage, one datagram's own trouble, or the end of the device.
  static bool MayBlameOffload(int error) {
    return error == EINVAL || error == EIO || error == EMSGSIZE || error == EOPNOTSUPP;
  }
  // False once the TUN device was deleted: then no failure of a read is an offload's fault.
  bool TunIsThere() const;
  // The kernel could not hand over a packet, which is lost: without superpackets it can. False:
  // there are none any more.
  bool GiveUpTunReadOffload(int error);
  // A socket refuses to be received from: without trains it may be. False: there are none any more.
  bool GiveUpReceiveOffload(int error);

  SendQueue sends_;
  TunWriteQueue writes_;

 private:
  void QueueSend(const SendRun& run);

  const BackendOptions options_;
  // What this worker may still blame; another one may have taken the rung down already.
  bool tso_, uso_, gro_;
  const EventFd wake_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_QUEUEING_BACKEND_H_
