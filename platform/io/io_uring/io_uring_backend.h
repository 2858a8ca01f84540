#ifndef RINGWIRE_PLATFORM_IO_IO_URING_IO_URING_BACKEND_H_
#define RINGWIRE_PLATFORM_IO_IO_URING_IO_URING_BACKEND_H_

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "core/datapath/batch.h"
#include "platform/io/io_uring/buffer_ring.h"
#include "platform/io/io_uring/ring.h"
#include "platform/io/queueing_backend.h"

namespace ringwire::platform {

// Frames or runs in the order of their arrival, each in a slot of its buffer ring. The worker has
// the first `in_hand`; later arrivals wait after them. There is room for every slot.
template <typename T, uint32_t kSlots>
class Arrivals {
 public:
  void Add(const T& item, uint16_t slot) {
    DCHECK(count_ < kSlots);
    items_[count_] = item;
    slots_[count_++] = slot;
  }
  void HandOut() { in_hand_ = count_; }
  std::span<const T> in_hand() const { return {items_.data(), in_hand_}; }
  bool empty() const { return count_ == 0; }
  // The last `kept` of those in hand wait again, as the first.
  void ReleaseBut(size_t kept, BufferRing* buffers) {
    DCHECK(kept <= in_hand_);
    const size_t released = in_hand_ - kept;
    for (size_t i = 0; i < released; ++i) buffers->Recycle(slots_[i]);
    for (size_t i = released; i < count_; ++i) {
      items_[i - released] = items_[i];
      slots_[i - released] = slots_[i];
    }
    count_ -= released;
    in_hand_ = 0;
  }

 private:
  std::array<T, kSlots> items_{};
  std::array<uint16_t, kSlots> slots_{};
  size_t count_ = 0;
  size_t in_hand_ = 0;
};

// One multishot read of the TUN queue and one multishot recvmsg a socket stay armed. The enter that
// waits also does sends and writes inline; they post no completion if they succeed. If a multishot
// request is switched off or has failed, a multishot poll replaces it, and plain calls read the
// input.
//
// Why Release() may give back a slot that a queued write still points into: the kernel receives
// only when an enter works off completions (DEFER_TASKRUN), which is after it has carried out all
// requests submitted with it, and a receive that is armed anew is always the last request in a
// submission.
//
// It has many methods because each kind of completion has its own, and all work on one ring.
class IoUringBackend final : public QueueingBackend {
 public:
  explicit IoUringBackend(const BackendOptions& options);
  ~IoUringBackend() override;

  std::string_view name() const override { return "io_uring"; }
  absl::Status Start() override;
  absl::Status Wait() override;
  absl::Status Flush() override;
  void Stop() override;
  std::span<const TunFrame> tun_batch() const override { return frames_.in_hand(); }
  std::span<const ReceivedRun> udp_batch() const override { return runs_.in_hand(); }
  void ReleaseBut(size_t frames_kept) override;
  absl::Status ReplaceSockets(int udp_v4_fd, int udp_v6_fd) override;

 private:
  // A request that completes many times. It ends when the buffers run out, on an error, or when the
  // completion queue overflows; then it is armed again.
  struct Multishot {
    bool wanted = false;
    bool armed = false;
    bool worked = false;  // has delivered something
    int barren = 0;       // how often in a row it ended without a buffer although some were free
    int fault = 0;        // see IoFaults: the result of its next completion
    bool polled = false;  // it is a poll, and
    bool ready = false;   // it has announced input that is not read yet
  };

  void Submit() override;
  void QueueRequests();
  void ArmEnded();
  bool Arm(RingOp op);
  void Prepare(RingOp op, io_uring_sqe* request);
  BufferRing& BuffersOf(RingOp op) { return op == RingOp::kTunRead ? tun_buffers_ : udp_buffers_; }
  Multishot& StateOf(RingOp op) { return multishots_[static_cast<size_t>(op)]; }
  absl::Status EnterAndCollect(unsigned wait_for);
  void Complete(RingTag tag, int result, uint32_t flags);
  void CompleteInput(RingOp op, int result, uint32_t flags);
  void TakeFrame(int result, uint16_t slot);
  void TakeDatagram(int result, uint16_t slot);
  void InputFailed(RingOp op, int error);
  void GiveUpMultishot(RingOp op, int error);
  // Both sockets share their buffers, so the kernel may take them for neither.
  void PollSockets();
  bool HasUnread();
  void ReadAnnounced();
  void ReadTun();
  void Receive(RingOp op, uint32_t slots_max);
  void CancelAndAwait(std::span<const RingOp> ops);

  const std::shared_ptr<Ring> ring_;
  BufferRing tun_buffers_;
  BufferRing udp_buffers_;  // both sockets
  Arrivals<TunFrame, kTunSlots> frames_;
  Arrivals<ReceivedRun, kUdpSlots> runs_;
  std::array<Multishot, static_cast<size_t>(RingOp::kWakePoll) + 1> multishots_{};
  msghdr
      receive_form_{};  // of every multishot recvmsg: how much room name and control messages get
  bool poll_sockets_ = false;  // after the present completions are handled
  bool woken_ = false;         // Wake() was seen, and no Wait() has returned since
  absl::Status failure_;       // the error that ends this backend
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_IO_URING_IO_URING_BACKEND_H_
