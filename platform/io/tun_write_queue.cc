#include "platform/io/tun_write_queue.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "core/base/check.h"
#include "core/base/limits.h"
#include "core/datapath/offload.h"

namespace ringwire::platform {
namespace {

constexpr size_t kFrameBytesMax = kVnetHeaderBytes + kTunPacketBytesMax;

// A lack of contiguous memory, which single packets do not need.
bool IsShortage(int error) { return error == ENOBUFS || error == ENOMEM || error == EAGAIN; }

}  // namespace

TunWriteQueue::TunWriteQueue(int tun_fd, WorkerCounters* counters, CapabilityLadder* ladder)
    : tun_fd_(tun_fd),
      whole_(new uint8_t[kFrameBytesMax]),
      part_(new uint8_t[kFrameBytesMax]),
      counters_(counters),
      ladder_(ladder) {}

void TunWriteQueue::Push(const TunWrite& write, std::span<const Piece> pieces) {
  if (pieces.size() > kPiecesPerWriteMax) {
    counters_->Drop(DropReason::kTunWriteFailed, write.segment_count);
    return;
  }
  DCHECK(HasRoom(pieces.size()));
  writes_[size_] = write;
  writes_[size_].first_piece = static_cast<uint32_t>(piece_count_);
  writes_[size_].piece_count = static_cast<uint32_t>(pieces.size());
  failed_[size_] = false;
  for (const Piece& piece : pieces) pieces_[piece_count_++] = iovec{piece.data, piece.size};
  ++size_;
  counters_->tun_write_runs.Add();
  counters_->tun_write_segments.Add(write.segment_count);
  counters_->tun_write_bytes.Add(write.bytes);
}

void TunWriteQueue::Recover(size_t index, int error) {
  DCHECK(index < size_ && !failed_[index]);
  failed_[index] = true;
  const TunWrite& write = writes_[index];
  counters_->tun_write_runs.Retract(1);
  counters_->tun_write_segments.Retract(write.segment_count);
  counters_->tun_write_bytes.Retract(write.bytes);
  const bool invalid = error == EINVAL || error == EMSGSIZE;
  if (write.segment_count == 1 || !(invalid || IsShortage(error))) {
    counters_->Drop(DropReason::kTunWriteFailed, write.segment_count);
    return;
  }
  if (invalid) ladder_->Fall(Offload::kTunGsoWrite, error);
  counters_->superpackets_refused.Add();
  WriteApart(write, Pieces(index));
}

void TunWriteQueue::WriteApart(const TunWrite& write, std::span<const iovec> pieces) {
  size_t bytes = 0;
  for (const iovec& piece : pieces) {
    if (bytes + piece.iov_len > kFrameBytesMax) break;  // PlanSplit() finds it truncated
    std::memcpy(whole_.get() + bytes, piece.iov_base, piece.iov_len);
    bytes += piece.iov_len;
  }
  const std::span<const uint8_t> packet(whole_.get() + kVnetHeaderBytes, bytes - kVnetHeaderBytes);
  const VnetHeader vnet =
      VnetHeader::Load(std::span<const uint8_t, kVnetHeaderBytes>(whole_.get(), kVnetHeaderBytes));
  const std::optional<SplitPlan> plan = PlanSplit(vnet, packet);
  if (!plan || !plan->is_gso) {
    counters_->Drop(DropReason::kTunWriteFailed, write.segment_count);
    return;
  }
  VnetHeader{}.Store(std::span<uint8_t, kVnetHeaderBytes>(part_.get(), kVnetHeaderBytes));
  for (uint32_t i = 0; i < plan->segment_count; ++i) {
    WriteSegment(*plan, packet, i, part_.get() + kVnetHeaderBytes);
    const size_t size =
        kVnetHeaderBytes + (i + 1 == plan->segment_count ? plan->last_bytes : plan->segment_bytes);
    if (::write(tun_fd_, part_.get(), size) < 0) {
      counters_->Drop(DropReason::kTunWriteFailed);
      continue;
    }
    counters_->tun_write_runs.Add();
    counters_->tun_write_segments.Add();
    counters_->tun_write_bytes.Add(size);
  }
}

void TunWriteQueue::Finish() {
  size_ = 0;
  piece_count_ = 0;
}

}  // namespace ringwire::platform
