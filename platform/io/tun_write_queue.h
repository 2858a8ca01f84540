#ifndef RINGWIRE_PLATFORM_IO_TUN_WRITE_QUEUE_H_
#define RINGWIRE_PLATFORM_IO_TUN_WRITE_QUEUE_H_

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/base/counters.h"
#include "core/datapath/batch.h"
#include "platform/io/offload/capability_ladder.h"

namespace ringwire::platform {

// The packets and superpackets that a backend will write to TUN. Owned by one worker; used in
// rounds like SendQueue.
class TunWriteQueue {
 public:
  static constexpr size_t kCapacity = 128;
  // IOV_MAX: the limit of one writev().
  static constexpr size_t kPiecesPerWriteMax = 1024;
  static constexpr size_t kPiecesMax = 4096;

  TunWriteQueue(int tun_fd, WorkerCounters* counters, CapabilityLadder* ladder);
  TunWriteQueue(const TunWriteQueue&) = delete;
  TunWriteQueue& operator=(const TunWriteQueue&) = delete;

  size_t size() const { return size_; }
  // Whether a write of `piece_count` pieces fits.
  bool HasRoom(size_t piece_count) const {
    return size_ < kCapacity && piece_count <= kPiecesMax - piece_count_;
  }
  // Copies the list of pieces, not their bytes. A write with more pieces than the kernel accepts is
  // dropped and counted. Counts the write as done at once, as SendQueue does.
  void Push(const TunWrite& write, std::span<const Piece> pieces);
  // Write `index` in the kernel's form.
  std::span<const iovec> Pieces(size_t index) const {
    return {pieces_.data() + writes_[index].first_piece, writes_[index].piece_count};
  }
  // The kernel refused write `index` with `error` (positive errno). If it may help, a superpacket
  // is written again at once as the packets that it was merged from. If the kernel finds it invalid
  // (EINVAL: some kernels of 2024 refused valid ones), that rung of the ladder falls, so that no
  // more are made. Other errors (EIO: the device is down, EBADFD: it is gone) are counted.
  void Recover(size_t index, int error);
  // Every write was passed to the kernel. Empties the queue.
  void Finish();

 private:
  void WriteApart(const TunWrite& write, std::span<const iovec> pieces);

  const int tun_fd_;
  // Buffers for a refused superpacket and one packet of it. Their pages are touched only then.
  const std::unique_ptr<uint8_t[]> whole_;
  const std::unique_ptr<uint8_t[]> part_;
  WorkerCounters* const counters_;
  CapabilityLadder* const ladder_;
  size_t size_ = 0;
  size_t piece_count_ = 0;
  std::array<TunWrite, kCapacity> writes_{};  // first_piece: into pieces_
  std::array<bool, kCapacity> failed_{};
  std::array<iovec, kPiecesMax> pieces_{};
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_TUN_WRITE_QUEUE_H_
