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

// The common part of both backends: queueing, waking by an eventfd, turning a received message into
// a run.
class QueueingBackend : public IoBackend {
 public:
  void SendUdp(std::span<const SendRun> runs) final;
  void WriteTun(const TunWriteBatch& batch) final;
  std::span<const PeerId> unusable_sources() const final { return sends_.unusable_sources(); }
  void Wake() final;

 protected:
  explicit QueueingBackend(const BackendOptions& options);

  // Passes everything queued to the kernel and leaves the queues empty. The next Wait() reports a
  // failure of the whole backend.
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

  // Whether `error` refuses the operation as such, so that it may work with an offload less. Other
  // errors are a shortage, concern one datagram, or mean the end of the device.
  static bool MayBlameOffload(int error) {
    return error == EINVAL || error == EIO || error == EMSGSIZE || error == EOPNOTSUPP;
  }
  // False once the TUN device was deleted: then no failed read is an offload's fault.
  bool TunIsThere() const;
  // The kernel could not deliver a packet, which is lost: try without superpackets. False: they are
  // off already.
  bool GiveUpTunReadOffload(int error);
  // A socket refuses receives: try without trains. False: they are off already.
  bool GiveUpReceiveOffload(int error);

  SendQueue sends_;
  TunWriteQueue writes_;

 private:
  void QueueSend(const SendRun& run);

  const BackendOptions options_;
  // The offloads that this worker may still blame; another worker may already have lowered the
  // rung.
  bool tso_, uso_, gro_;
  const EventFd wake_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_QUEUEING_BACKEND_H_
