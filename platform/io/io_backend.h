#ifndef RINGWIRE_PLATFORM_IO_IO_BACKEND_H_
#define RINGWIRE_PLATFORM_IO_IO_BACKEND_H_

#include <cstddef>
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
// contract, io_uring and epoll. Owned by one worker and used only on its thread, except Wake().
//
//   while (running) {
//     backend->Wait();     // blocks; then what arrived, up to kBatchRunsMax each, is in hand
//     process backend->tun_batch(), hand the results to backend->SendUdp()
//     process backend->udp_batch(), hand the results to backend->WriteTun()
//     backend->Release();  // the batches' buffers go back
//   }
//
// A worker that has too much to do for one turn puts the last frames off with ReleaseBut(): the
// next Wait() or Flush() does not block and hands them out again, before later ones.
//
// The caller keeps the bytes of SendUdp/WriteTun unchanged until the next Flush() or Wait() has
// returned; both leave nothing queued. The bytes may lie in a buffer that Release() gives back,
// because nothing is received into it before queued bytes have been sent. A failed run is repeated
// (a train segment by segment; without the local address if that failed) or counted under its
// DropReason: never lost silently. If an offload is the cause, it falls in the device's
// CapabilityLadder and is not used again.
class IoBackend {
 public:
  virtual ~IoBackend() = default;

  virtual std::string_view name() const = 0;
  // Called once on the worker's thread, before the first Wait().
  virtual absl::Status Start() = 0;
  // Sends what is queued, then blocks until a packet or datagram has arrived or Wake() was called.
  // Spurious returns are allowed. An error ends this worker (the device is gone).
  virtual absl::Status Wait() = 0;
  // The same without blocking: takes only input that has already arrived. A batch that is not
  // released stays unchanged.
  virtual absl::Status Flush() = 0;
  // Called once on the worker's thread, after the last Wait(): sends what is queued and releases
  // the descriptors, so that port and device are free when their owner closes them. Only Wake() may
  // be called afterwards.
  virtual void Stop() = 0;

  virtual std::span<const TunFrame> tun_batch() const = 0;
  virtual std::span<const ReceivedRun> udp_batch() const = 0;
  void Release() { ReleaseBut(0); }
  // Keeps the last `frames_kept` of tun_batch().
  virtual void ReleaseBut(size_t frames_kept) = 0;

  // Queue. The spans are read during the call, their bytes later.
  virtual void SendUdp(std::span<const SendRun> runs) = 0;
  virtual void WriteTun(const TunWriteBatch& writes) = 0;

  // Peers whose local address failed since the last Release(): the sends were repeated without it.
  virtual std::span<const PeerId> unusable_sources() const = 0;

  // Worker's thread, between Release() and Wait(): changes to other sockets (a new listen port);
  // -1: none. Queued messages have been sent. The old descriptors may be closed after this returns.
  virtual absl::Status ReplaceSockets(int udp_v4_fd, int udp_v6_fd) = 0;

  // Any thread: makes the current or the next Wait() return.
  virtual void Wake() = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_IO_BACKEND_H_
