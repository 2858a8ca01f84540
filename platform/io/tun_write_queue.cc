#include "platform/io/tun_write_queue.h"

#include "core/base/check.h"

namespace ringwire::platform {

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
}

void TunWriteQueue::Fail(size_t index) {
  DCHECK(index < size_ && !failed_[index]);
  failed_[index] = true;
  counters_->Drop(DropReason::kTunWriteFailed, writes_[index].segment_count);
}

void TunWriteQueue::Finish() {
  for (size_t i = 0; i < size_; ++i) {
    if (failed_[i]) continue;
    counters_->tun_write_runs.Add();
    counters_->tun_write_segments.Add(writes_[i].segment_count);
    counters_->tun_write_bytes.Add(writes_[i].bytes);
  }
  size_ = 0;
  piece_count_ = 0;
}

}  // namespace ringwire::platform
