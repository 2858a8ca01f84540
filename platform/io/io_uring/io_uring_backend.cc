#include "platform/io/io_uring/io_uring_backend.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/check.h"
#include "core/base/status_macros.h"

namespace ringwire::platform {
namespace {

constexpr uint16_t kTunGroup = 0;
constexpr uint16_t kUdpGroup = 1;
// No request has this tag: cancelling it fails at once.
constexpr RingTag kNobody{RingOp::kCancel, ~uint32_t{0}};
// How often in a row a multishot may report no buffer although some are free, before it is switched
// off (a kernel of early 2023 did that for recvmsg).
constexpr int kBarrenMax = 8;
// Errors in a row that are read from a socket before other descriptors are served.
constexpr int kReceiveErrorsMax = 8;

constexpr std::array kReceives{RingOp::kUdpV4Receive, RingOp::kUdpV6Receive};

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
  RETURN_IF_ERROR(ring_->Open(files));
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
  if (ladder().IsOn(Offload::kMultishotRead) && !ring_->knows_read_multishot()) {
    ladder().Fall(Offload::kMultishotRead, EOPNOTSUPP);
  }
  StateOf(RingOp::kTunRead).polled = !ladder().IsOn(Offload::kMultishotRead);
  for (const RingOp op : kReceives) {
    StateOf(op).polled = !ladder().IsOn(Offload::kMultishotRecvmsg);
  }
  return ring_->Enable();
}

absl::Status IoUringBackend::Wait() {
  const bool block = frames_.empty() && runs_.empty() && !woken_ && !HasUnread() && failure_.ok();
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

void IoUringBackend::ReleaseBut(size_t frames_kept) {
  frames_.ReleaseBut(frames_kept, &tun_buffers_);
  runs_.ReleaseBut(0, &udp_buffers_);
  sends_.ClearUnusableSources();
}

absl::Status IoUringBackend::EnterAndCollect(unsigned wait_for) {
  QueueRequests();
  ArmEnded();
  if (failure_.ok()) failure_ = ring_->Enter(wait_for);
  ring_->Drain([this](RingTag tag, int result, uint32_t flags) { Complete(tag, result, flags); });
  // The enter itself does sends and writes: failed ones have completed by now.
  sends_.Finish();
  writes_.Finish();
  if (std::exchange(poll_sockets_, false)) PollSockets();
  ReadAnnounced();
  return failure_;
}

void IoUringBackend::QueueRequests() {
  for (size_t i = 0; i < sends_.size(); ++i) {
    if (const int error = FaultOn(IoOperation::kUdpSend); error != 0) {
      sends_.Recover(i, error);
      continue;
    }
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
    if (const int error = FaultOn(IoOperation::kTunWrite); error != 0) {
      writes_.Recover(i, error);
      continue;
    }
    io_uring_sqe* const request = ring_->Next({RingOp::kTunWrite, static_cast<uint32_t>(i)});
    if (request == nullptr) {
      writes_.Recover(i, EAGAIN);
      continue;
    }
    const std::span<const iovec> pieces = writes_.Pieces(i);
    // RWF_NOWAIT: a write that finds no room fails instead of being done later.
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
  Multishot& multishot = StateOf(op);
  const bool wake = op == RingOp::kWakePoll;
  // Until the worker returns slots there is no buffer to receive into.
  if (!wake && !multishot.polled && BuffersOf(op).free_count() == 0) return false;
  io_uring_sqe* const request = ring_->Next({op});
  if (request == nullptr) return false;
  if (!wake && !multishot.polled) {
    multishot.fault =
        FaultOn(op == RingOp::kTunRead ? IoOperation::kTunRead : IoOperation::kUdpReceive);
  }
  if (multishot.fault != 0) {
    io_uring_prep_cancel64(request, kNobody.Pack(), 0);
  } else {
    Prepare(op, request);
  }
  return true;
}

void IoUringBackend::Prepare(RingOp op, io_uring_sqe* request) {
  int file = kWakeFile;
  if (op == RingOp::kTunRead) file = kTunFile;
  if (op == RingOp::kUdpV4Receive) file = kUdpV4File;
  if (op == RingOp::kUdpV6Receive) file = kUdpV6File;
  if (op == RingOp::kWakePoll || StateOf(op).polled) {
    io_uring_prep_poll_multishot(request, file, POLLIN);
  } else if (op == RingOp::kTunRead) {
    io_uring_prep_read_multishot(request, file, 0, 0, kTunGroup);
  } else {
    io_uring_prep_recvmsg_multishot(request, file, &receive_form_, 0);
    request->buf_group = kUdpGroup;
    request->flags |= IOSQE_BUFFER_SELECT;
  }
  request->flags |= IOSQE_FIXED_FILE;
}

void IoUringBackend::Complete(RingTag tag, int result, uint32_t flags) {
  switch (tag.op) {
    case RingOp::kTunRead:
    case RingOp::kUdpV4Receive:
    case RingOp::kUdpV6Receive:
      return CompleteInput(tag.op, result, flags);
    case RingOp::kWakePoll:
      if ((flags & IORING_CQE_F_MORE) == 0) StateOf(tag.op).armed = false;
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

void IoUringBackend::CompleteInput(RingOp op, int result, uint32_t flags) {
  Multishot& multishot = StateOf(op);
  if (multishot.fault != 0) result = -std::exchange(multishot.fault, 0);
  if ((flags & IORING_CQE_F_MORE) == 0) multishot.armed = false;
  if (multishot.polled) {
    multishot.ready = true;
  } else if ((flags & IORING_CQE_F_BUFFER) != 0) {
    multishot.worked = true;
    multishot.barren = 0;
    if (op == RingOp::kTunRead) {
      TakeFrame(result, BufferOf(flags));
    } else {
      TakeDatagram(result, BufferOf(flags));
    }
  } else {
    InputFailed(op, -result);
  }
}

void IoUringBackend::TakeFrame(int result, uint16_t slot) {
  uint8_t* const data = tun_buffers_.Take(slot);
  if (result <= 0) return tun_buffers_.Recycle(slot);
  frames_.Add(ReadFrame({data, static_cast<size_t>(result)}), slot);
}

void IoUringBackend::TakeDatagram(int result, uint16_t slot) {
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

void IoUringBackend::InputFailed(RingOp op, int error) {
  const bool tun = op == RingOp::kTunRead;
  Multishot& multishot = StateOf(op);
  if (error == ENOBUFS) {  // more packets than slots: they wait where they are
    const bool barren = BuffersOf(op).free_count() > 0;
    multishot.barren = barren ? multishot.barren + 1 : 0;
    if (multishot.barren >= kBarrenMax) GiveUpMultishot(op, error);
    return;
  }
  if (MayBlameOffload(error) && (!tun || TunIsThere())) {
    // If a request never brought anything, the request is the fault; otherwise it met a packet that
    // it cannot deliver.
    const bool given_up =
        multishot.worked && (tun ? GiveUpTunReadOffload(error) : GiveUpReceiveOffload(error));
    if (given_up) return;
    if (tun && multishot.worked) counters().Drop(DropReason::kTunReadFailed);
    return GiveUpMultishot(op, error);
  }
  const bool passing = error == 0 || error == EAGAIN || error == EINTR || error == ENOMEM ||
                       error == ECANCELED;  // by ourselves
  // On a socket the error concerns one datagram (a returned ICMP error): arm it again.
  if (!tun || passing) return;
  failure_.Update(absl::ErrnoToStatus(error, "read the TUN queue (the device is gone)"));
}

void IoUringBackend::GiveUpMultishot(RingOp op, int error) {
  if (op == RingOp::kTunRead) {
    ladder().Fall(Offload::kMultishotRead, error);
    StateOf(op).polled = true;
  } else {
    ladder().Fall(Offload::kMultishotRecvmsg, error);
    poll_sockets_ = true;
  }
}

void IoUringBackend::PollSockets() {
  std::array<bool, kReceives.size()> wanted{};
  for (size_t i = 0; i < kReceives.size(); ++i) wanted[i] = StateOf(kReceives[i]).wanted;
  CancelAndAwait(kReceives);
  for (size_t i = 0; i < kReceives.size(); ++i) {
    StateOf(kReceives[i]).wanted = wanted[i];
    StateOf(kReceives[i]).polled = true;
  }
}

bool IoUringBackend::HasUnread() {
  return StateOf(RingOp::kTunRead).ready || StateOf(RingOp::kUdpV4Receive).ready ||
         StateOf(RingOp::kUdpV6Receive).ready;
}

void IoUringBackend::ReadAnnounced() {
  if (StateOf(RingOp::kTunRead).ready) ReadTun();
  uint32_t sockets = 0;
  for (const RingOp op : kReceives) sockets += StateOf(op).ready;
  // If both have input, neither may take all slots from the other.
  const uint32_t slots_max = kUdpSlots / std::max(sockets, 1U);
  for (const RingOp op : kReceives) {
    if (StateOf(op).ready) Receive(op, slots_max);
  }
}

void IoUringBackend::ReadTun() {
  while (tun_buffers_.free_count() > 0 && failure_.ok()) {
    uint16_t slot = 0;
    uint8_t* const data = tun_buffers_.TakeNext(&slot);
    errno = FaultOn(IoOperation::kTunRead);
    const ssize_t bytes = errno != 0 ? -1 : ::read(options().tun_fd, data, kTunFrameBytesMax);
    if (bytes > 0) {
      frames_.Add(ReadFrame({data, static_cast<size_t>(bytes)}), slot);
      continue;
    }
    const int error = bytes == 0 ? EAGAIN : errno;
    tun_buffers_.Untake();
    if (MayBlameOffload(error) && GiveUpTunReadOffload(error)) continue;
    if (error == ENOMEM || error == EINTR || error == ENOBUFS) return;  // tried again
    StateOf(RingOp::kTunRead).ready = false;
    if (error == EAGAIN) return;
    failure_.Update(absl::ErrnoToStatus(error, "read the TUN queue (the device is gone)"));
  }
}

void IoUringBackend::Receive(RingOp op, uint32_t slots_max) {
  const int fd = sends_.socket_fd(op == RingOp::kUdpV4Receive ? IpFamily::kV4 : IpFamily::kV6);
  int errors = 0;
  for (uint32_t taken = 0; taken < slots_max && udp_buffers_.free_count() > 0;) {
    uint16_t slot = 0;
    uint8_t* const buffer = udp_buffers_.TakeNext(&slot);
    iovec payload{buffer + kUdpDataOffset, options().datagram_bytes_max};
    msghdr header = receive_form_;
    header.msg_name = buffer + kReceivedHeadBytes;
    header.msg_control = buffer + kReceivedHeadBytes + kReceivedNameBytes;
    header.msg_iov = &payload;
    header.msg_iovlen = 1;
    errno = FaultOn(IoOperation::kUdpReceive);
    const ssize_t bytes = errno != 0 ? -1 : ::recvmsg(fd, &header, MSG_DONTWAIT);
    if (bytes >= 0) {
      const std::span<uint8_t> datagram{buffer + kUdpDataOffset, static_cast<size_t>(bytes)};
      runs_.Add(Received(header, datagram), slot);
      ++taken;
      continue;
    }
    const int error = errno;
    udp_buffers_.Untake();
    if (MayBlameOffload(error) && GiveUpReceiveOffload(error)) continue;
    // Any other error concerns one datagram; reporting it clears it from the socket.
    if (error == EAGAIN || ++errors == kReceiveErrorsMax) {
      StateOf(op).ready = false;
      return;
    }
  }
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
  CancelAndAwait(kReceives);
  if (!failure_.ok()) return failure_;
  RETURN_IF_ERROR(ring_->ReplaceFile(kUdpV4File, udp_v4_fd));
  RETURN_IF_ERROR(ring_->ReplaceFile(kUdpV6File, udp_v6_fd));
  sends_.SetSockets(udp_v4_fd, udp_v6_fd);
  StateOf(RingOp::kUdpV4Receive).wanted = udp_v4_fd >= 0;
  StateOf(RingOp::kUdpV6Receive).wanted = udp_v6_fd >= 0;
  for (const RingOp op : kReceives) StateOf(op).ready = false;
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
  RETURN_IF_ERROR(ring->SetUp());
  return ring;
}

std::unique_ptr<IoBackend> MakeIoUringBackend(const BackendOptions& options) {
  return std::make_unique<IoUringBackend>(options);
}

}  // namespace ringwire::platform
