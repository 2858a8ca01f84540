#ifndef RINGWIRE_PLATFORM_IO_BACKEND_H_
#define RINGWIRE_PLATFORM_IO_BACKEND_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "core/base/counters.h"
#include "core/base/run.h"
#include "core/datapath/batch.h"
#include "core/wire/address.h"

namespace ringwire::platform {

// The only I/O that a worker knows: one wait, batches in, batches out. Two implementations with one
// contract, io_uring and epoll. Owned by one worker and used on its thread alone, but for Wake().
//
//   while (running) {
//     backend->Wait();     // blocks; then what arrived, up to kBatchRunsMax each, is in hand
//     process backend->tun_batch(), hand the results to backend->SendUdp()
//     process backend->udp_batch(), hand the results to backend->WriteTun()
//     backend->Release();  // the batches' buffers go back
//   }
//
// Bytes handed to SendUdp/WriteTun stay untouched until the next Flush() or Wait() has returned;
// both leave nothing queued. Release() does not end that: the bytes may lie in a buffer that it
// gives back, because nothing is received into it before what is queued has been sent. A run that
// fails is replayed (a train segment by segment, without the local address where that is what
// failed) or counted under its DropReason in the worker's counters: never lost silently. An offload
// that is to blame falls in the device's CapabilityLadder, and no more use is made of it.
class IoBackend {
 public:
  virtual ~IoBackend() = default;

  virtual std::string_view name() const = 0;
  // Called once on the worker's thread, before the first Wait().
  virtual absl::Status Start() = 0;
  // Sends what is queued, then blocks until a packet or datagram has arrived or Wake() was called.
  // Spurious returns are allowed. An error is the end of this worker (the device is gone).
  virtual absl::Status Wait() = 0;
  // The same without blocking for input: what has already arrived, if anything. A batch that is
  // still in hand (not released) stays as it is.
  virtual absl::Status Flush() = 0;
  // Called once on the worker's thread, after the last Wait(): sends what is queued and lets go of
  // the descriptors, so that the port and the device are free as soon as their owner closes them.
  // Only Wake() may be called afterwards.
  virtual void Stop() = 0;

  virtual std::span<const TunFrame> tun_batch() const = 0;
  virtual std::span<const ReceivedRun> udp_batch() const = 0;
  virtual void Release() = 0;

  // Queue; the spans themselves are only read during the call, the bytes they point to later.
  virtual void SendUdp(std::span<const SendRun> runs) = 0;
  virtual void WriteTun(const TunWriteBatch& writes) = 0;

  // Peers whose local address could not be sent from since the last Release(): the sends were
  // repeated without it.
  virtual std::span<const PeerId> unusable_sources() const = 0;

  // Worker's thread, between Release() and Wait(): goes on with other sockets (a new listen port);
  // -1: none. What was queued has been sent. The old descriptors may be closed once this returns.
  virtual absl::Status ReplaceSockets(int udp_v4_fd, int udp_v6_fd) = 0;

  // Any thread: makes a present or the next Wait() return.
  virtual void Wake() = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_BACKEND_H_
