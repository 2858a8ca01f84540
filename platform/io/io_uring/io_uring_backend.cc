#include "platform/io/io_uring/io_uring_backend.h"

#include <poll.h>

#include <cerrno>
#include <cstring>

#include "core/base/check.h"

namespace ringwire::platform {
namespace {

constexpr uint16_t kTunGroup = 0;
constexpr uint16_t kUdpGroup = 1;

static_assert(sizeof(io_uring_recvmsg_out) == kReceivedHeadBytes);

uint16_t BufferOf(uint32_t flags) {
  return static_cast<uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
}

}  // namespace

IoUringBackend::IoUringBackend(const BackendOptions& options)
    : QueueingBackend(options),
      ring_(options.ring != nullptr ? options.ring : std::make_shared<Ring>()) {}

IoUringBackend::~IoUringBackend() { ring_->Close(); }

absl::Status IoUringBackend::Start() {
  if (wake_fd() < 0) return absl::InternalError("create an eventfd: no descriptor left");
  const std::array<int, kRingFiles> files{options().tun_fd, options().udp_v4_fd,
                                          options().udp_v6_fd, wake_fd()};
  if (absl::Status status = ring_->Open(files); !status.ok()) return status;
  absl::Status status = tun_buffers_.Register(
      {kTunGroup, kTunSlots, kTunSlotStride, kTunDataOffset, kTunFrameBytesMax}, ring_.get());
  if (!status.ok()) return status;
  const auto udp_buffer_bytes =
      static_cast<uint32_t>(kUdpDataOffset + options().datagram_bytes_max);
  status = udp_buffers_.Register({kUdpGroup, kUdpSlots, kUdpSlotStride, 0, udp_buffer_bytes},
                                 ring_.get());
  if (!status.ok()) return status;
  receive_form_.msg_namelen = kReceivedNameBytes;
  receive_form_.msg_controllen = kReceiveControlBytes;
  StateOf(RingOp::kTunRead).wanted = true;
  StateOf(RingOp::kUdpV4Receive).wanted = options().udp_v4_fd >= 0;
  StateOf(RingOp::kUdpV6Receive).wanted = options().udp_v6_fd >= 0;
  StateOf(RingOp::kWakePoll).wanted = true;
  return ring_->Enable();
}

absl::Status IoUringBackend::Wait() {
  const bool block = frames_.empty() && runs_.empty() && !woken_ && failure_.ok();
  const absl::Status status = EnterAndCollect(block ? 1 : 0);
  woken_ = false;
  frames_.HandOut();
  runs_.HandOut();
  return status;
}

absl::Status IoUringBackend::Flush() {
  const bool in_hand = !frames_.in_hand().empty() || !runs_.in_hand().empty();
  const absl::Status status = EnterAndCollect(0);
  if (!in_hand) {
    frames_.HandOut();
    runs_.HandOut();
  }
  return status;
}

void IoUringBackend::Submit() {
  // A failure is kept in failure_.
  EnterAndCollect(0).IgnoreError();
}

void IoUringBackend::Release() {
  frames_.Release(&tun_buffers_);
  runs_.Release(&udp_buffers_);
  sends_.ClearUnusableSources();
}

absl::Status IoUringBackend::EnterAndCollect(unsigned wait_for) {
  QueueRequests();
  ArmEnded();
  if (failure_.ok()) failure_ = ring_->Enter(wait_for);
  ring_->Drain([this](RingTag tag, int result, uint32_t flags) { Complete(tag, result, flags); });
  // Sends and writes are carried out by the enter itself: whatever failed has completed by now.
  sends_.Finish();
  writes_.Finish();
  return failure_;
}

void IoUringBackend::QueueRequests() {
  for (size_t i = 0; i < sends_.size(); ++i) {
    io_uring_sqe* const request = ring_->Next({RingOp::kUdpSend, static_cast<uint32_t>(i)});
    if (request == nullptr) {
      sends_.Recover(i, EAGAIN);
      continue;
    }
    const bool v4 = sends_.family(i) == IpFamily::kV4;
    // Without MSG_DONTWAIT a full socket buffer would let later sends overtake this one.
    io_uring_prep_sendmsg(request, v4 ? kUdpV4File : kUdpV6File, &sends_.message(i)->msg_hdr,
                          SendQueue::kFlags);
    request->flags |= IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS;
  }
  for (size_t i = 0; i < writes_.size(); ++i) {
    io_uring_sqe* const request = ring_->Next({RingOp::kTunWrite, static_cast<uint32_t>(i)});
    if (request == nullptr) {
      writes_.Recover(i, EAGAIN);
      continue;
    }
    const std::span<const iovec> pieces = writes_.Pieces(i);
    // RWF_NOWAIT: a write that finds no room fails, where it would otherwise be carried out later.
    io_uring_prep_writev2(request, kTunFile, pieces.data(), static_cast<unsigned>(pieces.size()), 0,
                          RWF_NOWAIT);
    request->flags |= IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS;
  }
}

void IoUringBackend::ArmEnded() {
  for (const RingOp op :
       {RingOp::kWakePoll, RingOp::kTunRead, RingOp::kUdpV4Receive, RingOp::kUdpV6Receive}) {
    Multishot& multishot = StateOf(op);
    if (multishot.wanted && !multishot.armed) multishot.armed = Arm(op);
  }
}

bool IoUringBackend::Arm(RingOp op) {
  const bool tun = op == RingOp::kTunRead;
  const bool wake = op == RingOp::kWakePoll;
  // Until the worker gives slots back there is nothing to receive into.
  if (!wake && (tun ? tun_buffers_ : udp_buffers_).free_count() == 0) return false;
  io_uring_sqe* const request = ring_->Next({op});
  if (request == nullptr) return false;
  if (wake) {
    io_uring_prep_poll_multishot(request, kWakeFile, POLLIN);
  } else if (tun) {
    io_uring_prep_read_multishot(request, kTunFile, 0, 0, kTunGroup);
  } else {
    const bool v4 = op == RingOp::kUdpV4Receive;
    io_uring_prep_recvmsg_multishot(request, v4 ? kUdpV4File : kUdpV6File, &receive_form_, 0);
    request->buf_group = kUdpGroup;
    request->flags |= IOSQE_BUFFER_SELECT;
  }
  request->flags |= IOSQE_FIXED_FILE;
  return true;
}

void IoUringBackend::Complete(RingTag tag, int result, uint32_t flags) {
  switch (tag.op) {
    case RingOp::kTunRead:
    case RingOp::kUdpV4Receive:
    case RingOp::kUdpV6Receive:
    case RingOp::kWakePoll:
      if ((flags & IORING_CQE_F_MORE) == 0) StateOf(tag.op).armed = false;
      if (tag.op == RingOp::kTunRead) return CompleteTunRead(result, flags);
      if (tag.op != RingOp::kWakePoll) return CompleteReceive(result, flags);
      woken_ = true;
      return ClearWake();
    case RingOp::kUdpSend:
      if (result < 0) sends_.Recover(tag.index, -result);
      return;
    case RingOp::kTunWrite:
      if (result < 0) writes_.Recover(tag.index, -result);
      return;
    case RingOp::kCancel:
      return;
  }
}

void IoUringBackend::CompleteTunRead(int result, uint32_t flags) {
  if ((flags & IORING_CQE_F_BUFFER) != 0) {
    const uint16_t slot = BufferOf(flags);
    uint8_t* const data = tun_buffers_.Take(slot);
    if (result <= 0) return tun_buffers_.Recycle(slot);
    return frames_.Add(ReadFrame({data, static_cast<size_t>(result)}), slot);
  }
  switch (-result) {
    case 0:
    case ENOBUFS:  // more packets than slots: they wait in the device's queue
    case EAGAIN:
    case EINTR:
    case ENOMEM:
    case ECANCELED:  // by ourselves
      return;
    default:
      failure_.Update(absl::ErrnoToStatus(-result, "read the TUN queue (the device is gone)"));
  }
}

void IoUringBackend::CompleteReceive(int result, uint32_t flags) {
  // Whatever else goes wrong concerns one datagram (an ICMP error that came back, a shortage); the
  // socket is still there and is armed again.
  if ((flags & IORING_CQE_F_BUFFER) == 0) return;
  const uint16_t slot = BufferOf(flags);
  uint8_t* const buffer = udp_buffers_.Take(slot);
  if (result < static_cast<int>(kUdpDataOffset)) return udp_buffers_.Recycle(slot);

  io_uring_recvmsg_out head{};
  std::memcpy(&head, buffer, sizeof(head));
  msghdr header{};
  header.msg_name = buffer + kReceivedHeadBytes;
  header.msg_namelen = head.namelen;
  header.msg_control = buffer + kReceivedHeadBytes + kReceivedNameBytes;
  header.msg_controllen = head.controllen;
  header.msg_flags = static_cast<int>(head.flags);
  DCHECK(head.namelen <= kReceivedNameBytes && head.controllen <= kReceiveControlBytes);
  const size_t payload_bytes = static_cast<size_t>(result) - kUdpDataOffset;
  runs_.Add(Received(header, {buffer + kUdpDataOffset, payload_bytes}), slot);
}

void IoUringBackend::CancelAndAwait(std::span<const RingOp> ops) {
  bool pending = false;
  for (const RingOp op : ops) {
    Multishot& multishot = StateOf(op);
    multishot.wanted = false;
    if (!multishot.armed) continue;
    io_uring_sqe* const request = ring_->Next({RingOp::kCancel});
    if (request == nullptr) {
      failure_.Update(
          absl::ResourceExhaustedError("cancel in io_uring: the kernel takes no request"));
      return;
    }
    io_uring_prep_cancel64(request, RingTag{op}.Pack(), 0);
    pending = true;
  }
  while (pending && failure_.ok()) {
    EnterAndCollect(1).IgnoreError();  // kept in failure_
    pending = false;
    for (const RingOp op : ops) pending = pending || StateOf(op).armed;
  }
}

absl::Status IoUringBackend::ReplaceSockets(int udp_v4_fd, int udp_v6_fd) {
  EnterAndCollect(0).IgnoreError();  // kept in failure_
  constexpr std::array kReceives{RingOp::kUdpV4Receive, RingOp::kUdpV6Receive};
  CancelAndAwait(kReceives);
  if (!failure_.ok()) return failure_;
  if (absl::Status status = ring_->ReplaceFile(kUdpV4File, udp_v4_fd); !status.ok()) return status;
  if (absl::Status status = ring_->ReplaceFile(kUdpV6File, udp_v6_fd); !status.ok()) return status;
  sends_.SetSockets(udp_v4_fd, udp_v6_fd);
  StateOf(RingOp::kUdpV4Receive).wanted = udp_v4_fd >= 0;
  StateOf(RingOp::kUdpV6Receive).wanted = udp_v6_fd >= 0;
  return absl::OkStatus();
}

void IoUringBackend::Stop() {
  if (!ring_->open()) return;
  EnterAndCollect(0).IgnoreError();  // nobody asks any more
  constexpr std::array kAll{RingOp::kTunRead, RingOp::kUdpV4Receive, RingOp::kUdpV6Receive,
                            RingOp::kWakePoll};
  CancelAndAwait(kAll);
  ring_->ReleaseFiles();
  ring_->Close();
}

absl::StatusOr<std::shared_ptr<Ring>> SetUpRing() {
  auto ring = std::make_shared<Ring>();
  if (absl::Status status = ring->SetUp(); !status.ok()) return status;
  return ring;
}

std::unique_ptr<IoBackend> MakeIoUringBackend(const BackendOptions& options) {
  return std::make_unique<IoUringBackend>(options);
}

}  // namespace ringwire::platform
