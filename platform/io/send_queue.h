#ifndef RINGWIRE_PLATFORM_IO_SEND_QUEUE_H_
#define RINGWIRE_PLATFORM_IO_SEND_QUEUE_H_

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/counters.h"
#include "core/base/peer_id.h"
#include "core/datapath/batch.h"
#include "platform/io/offload/capability_ladder.h"
#include "platform/udp/control_messages.h"

namespace ringwire::platform {

// The datagrams and trains that a backend will send, in fixed storage in the kernel's form, and the
// recovery of refused ones. Owned by one worker. Used in rounds: Push until full, pass every
// message to the kernel, Recover each that failed, Finish.
class SendQueue {
 public:
  static constexpr size_t kCapacity = 128;
  static constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;

  SendQueue(WorkerCounters* counters, CapabilityLadder* ladder)
      : counters_(counters), ladder_(ladder) {}
  SendQueue(const SendQueue&) = delete;
  SendQueue& operator=(const SendQueue&) = delete;

  // -1: none. On new sockets, trains are tried again.
  void SetSockets(int udp_v4_fd, int udp_v6_fd);
  int socket_fd(IpFamily family) const { return SocketOf(family).fd; }

  size_t size() const { return size_; }
  bool full() const { return size_ == kCapacity; }
  // Whether trains of this family must be pushed segment by segment: the device sends none, or this
  // socket refused them permanently (EIO: no checksum offload on the route).
  bool gso_disabled(IpFamily family) const { return SocketOf(family).gso_disabled; }
  // Whether this train must be pushed segment by segment: for the reason above, or because its path
  // recently refused segments of this size (see RefusedPath).
  bool MustSplit(const SendRun& run);
  // Copies `run`, not its bytes. A run for which there is no socket is dropped and counted. Not
  // when full. Counts the run as sent at once: the sending call may block, and readers of the
  // counters should see it meanwhile. Recover() takes that back.
  void Push(const SendRun& run);

  // Message `index` and its socket. The messages lie in one array, for sendmmsg().
  mmsghdr* message(size_t index) { return &messages_[index]; }
  IpFamily family(size_t index) const { return runs_[index].to.remote.address.family; }
  int fd(size_t index) const { return SocketOf(family(index)).fd; }

  // The kernel refused message `index` with `error` (positive errno): sends it again at once in
  // another form, and counts it as dropped if that fails too. Later messages may have left before
  // it.
  void Recover(size_t index, int error);
  // Every message was passed to the kernel; failed ones were recovered. Empties the queue.
  void Finish() { size_ = 0; }

  // See IoBackend::unusable_sources().
  std::span<const PeerId> unusable_sources() const {
    return {unusable_sources_.data(), unusable_source_count_};
  }
  void ClearUnusableSources() { unusable_source_count_ = 0; }

 private:
  struct Socket {
    int fd = -1;
    bool gso_disabled = false;
  };
  // A path that refused a train for the size of its segments (its MTU is smaller) will refuse the
  // next ones too, and each would be sent twice: split them from the start. No event reports a
  // changed path, so one train in kSplitTrains is tried whole. Another endpoint of the peer,
  // smaller segments or new sockets are a new path.
  struct RefusedPath {
    SocketAddress remote;  // not set: none
    size_t segment_bytes = 0;
    uint32_t trains_split = 0;
  };
  static constexpr uint32_t kSplitTrains = 1024;
  // Indexed by the peer's slot. Two peers with the same entry overwrite each other's, which costs a
  // repetition.
  static constexpr size_t kRefusedPaths = 64;
  RefusedPath& RefusedPathOf(PeerId peer) { return refused_paths_[peer.index % kRefusedPaths]; }

  const Socket& SocketOf(IpFamily family) const { return family == IpFamily::kV4 ? v4_ : v6_; }

  // Both return 0 or the errno, and count sent segments.
  int SendWithSourceFallback(const SendRun& run, int error);
  int SendNow(const SendRun& run, bool with_source);
  void RecoverOne(const SendRun& run, int error);
  void RecoverTrain(const SendRun& run, int error);
  void ReportUnusableSource(PeerId peer);
  void CountSent(const Run& run);

  WorkerCounters* const counters_;
  CapabilityLadder* const ladder_;
  Socket v4_, v6_;
  size_t size_ = 0;
  std::array<SendRun, kCapacity> runs_{};
  std::array<bool, kCapacity> failed_{};
  std::array<OutgoingMessage, kCapacity> storage_;
  std::array<mmsghdr, kCapacity> messages_{};
  OutgoingMessage again_;
  // Each peer once. If more peers lose their source at the same time, the rest follow in the next
  // round.
  std::array<PeerId, 64> unusable_sources_{};
  size_t unusable_source_count_ = 0;
  std::array<RefusedPath, kRefusedPaths> refused_paths_{};
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_SEND_QUEUE_H_
