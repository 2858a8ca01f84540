#include "platform/io/epoll/epoll_backend.h"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/base/check.h"

namespace ringwire::platform {
namespace {

// TUN, two sockets, the eventfd.
constexpr int kWatchedMax = 4;

}  // namespace

absl::Status EpollBackend::Start() {
  epoll_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.valid()) return absl::ErrnoToStatus(errno, "create an epoll descriptor");
  if (wake_fd() < 0) return absl::InternalError("create an eventfd: no descriptor left");
  absl::Status status = tun_slots_.Allocate(kTunSlots, kTunSlotStride);
  status.Update(udp_slots_.Allocate(kUdpSlots, kUdpSlotStride));
  status.Update(Watch(options().tun_fd));
  status.Update(Watch(wake_fd()));
  if (!status.ok()) return status;
  PrepareSlots();
  return ReplaceSockets(options().udp_v4_fd, options().udp_v6_fd);
}

void EpollBackend::PrepareSlots() {
  for (uint32_t i = 0; i < kUdpSlots; ++i) {
    uint8_t* const slot = udp_slots_.Slot(i);
    payloads_[i] = iovec{slot + kUdpDataOffset, options().datagram_bytes_max};
    messages_[i].msg_hdr.msg_name = slot + kReceivedHeadBytes;
    messages_[i].msg_hdr.msg_control = slot + kReceivedHeadBytes + kReceivedNameBytes;
    messages_[i].msg_hdr.msg_iov = &payloads_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

absl::Status EpollBackend::Watch(int fd) {
  if (fd < 0) return absl::OkStatus();
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "watch a descriptor with epoll");
}

void EpollBackend::Forget(int fd) {
  if (fd >= 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

absl::Status EpollBackend::ReplaceSockets(int udp_v4_fd, int udp_v6_fd) {
  Submit();
  Forget(udp_v4_fd_);
  Forget(udp_v6_fd_);
  udp_v4_fd_ = udp_v4_fd;
  udp_v6_fd_ = udp_v6_fd;
  sends_.SetSockets(udp_v4_fd, udp_v6_fd);
  absl::Status status = Watch(udp_v4_fd);
  status.Update(Watch(udp_v6_fd));
  return status;
}

absl::Status EpollBackend::Wait() {
  Submit();
  return Collect(first_frame_ < frame_count_ ? 0 : -1);
}

absl::Status EpollBackend::Flush() {
  Submit();
  if (in_hand_) return absl::OkStatus();
  return Collect(0);
}

void EpollBackend::Stop() {
  Submit();
  epoll_.Reset();
}

void EpollBackend::ReleaseBut(size_t frames_kept) {
  DCHECK(frames_kept <= frame_count_ - first_frame_);
  first_frame_ = frame_count_ - frames_kept;
  if (frames_kept == 0) first_frame_ = frame_count_ = 0;
  run_count_ = 0;
  in_hand_ = false;
  sends_.ClearUnusableSources();
}

void EpollBackend::Submit() {
  for (size_t i = 0; i < sends_.size();) i += SendStretch(i);
  sends_.Finish();
  for (size_t i = 0; i < writes_.size(); ++i) {
    if (const int error = FaultOn(IoOperation::kTunWrite); error != 0) {
      writes_.Recover(i, error);
      continue;
    }
    const std::span<const iovec> pieces = writes_.Pieces(i);
    const ssize_t written =
        ::writev(options().tun_fd, pieces.data(), static_cast<int>(pieces.size()));
    if (written < 0) writes_.Recover(i, errno);
  }
  writes_.Finish();
}

// Sends the messages from `first` on that are for the same socket; returns how many are done. The
// kernel stops at a refused message, and returns its error if it is the first of a call.
size_t EpollBackend::SendStretch(size_t first) {
  const int fd = sends_.fd(first);
  size_t end = first + 1;
  while (end < sends_.size() && sends_.fd(end) == fd) ++end;
  const size_t at_once = options().faults == nullptr ? end - first : 1;
  for (size_t i = first; i < end;) {
    if (const int error = FaultOn(IoOperation::kUdpSend); error != 0) {
      sends_.Recover(i++, error);
      continue;
    }
    const auto count = static_cast<unsigned>(std::min(at_once, end - i));
    const int sent = ::sendmmsg(fd, sends_.message(i), count, SendQueue::kFlags);
    if (sent > 0) {
      i += static_cast<size_t>(sent);
    } else {
      sends_.Recover(i, sent < 0 ? errno : EAGAIN);
      ++i;
    }
  }
  return end - first;
}

absl::Status EpollBackend::Collect(int timeout_ms) {
  DCHECK(run_count_ == 0 && !in_hand_);
  const bool put_off = first_frame_ < frame_count_;
  in_hand_ = put_off;
  std::array<epoll_event, kWatchedMax> events{};
  const int ready = ::epoll_wait(epoll_.get(), events.data(), kWatchedMax, timeout_ms);
  if (ready < 0) {
    return errno == EINTR ? absl::OkStatus() : absl::ErrnoToStatus(errno, "wait with epoll");
  }
  absl::Status status;
  size_t sockets_ready = 0;
  for (int i = 0; i < ready; ++i) {
    const int fd = events[static_cast<size_t>(i)].data.fd;
    sockets_ready += fd == udp_v4_fd_ || fd == udp_v6_fd_;
  }
  for (int i = 0; i < ready; ++i) {
    const int fd = events[static_cast<size_t>(i)].data.fd;
    if (fd == options().tun_fd) {
      if (!put_off) status.Update(ReadTun());
    } else if (fd == wake_fd()) {
      // A wake seen by Flush() must still end the next Wait(): only Wait() clears it.
      if (timeout_ms != 0) ClearWake();
    } else {
      // If both sockets have input, neither may take all slots from the other.
      Receive(fd, kUdpSlots / sockets_ready);
    }
  }
  in_hand_ = frame_count_ > 0 || run_count_ > 0;
  return status;
}

absl::Status EpollBackend::ReadTun() {
  while (frame_count_ < kTunSlots) {
    uint8_t* const data = tun_slots_.Slot(static_cast<uint32_t>(frame_count_)) + kTunDataOffset;
    errno = FaultOn(IoOperation::kTunRead);
    const ssize_t bytes = errno != 0 ? -1 : ::read(options().tun_fd, data, kTunFrameBytesMax);
    if (bytes > 0) {
      frames_[frame_count_++] = ReadFrame({data, static_cast<size_t>(bytes)});
      continue;
    }
    const int error = bytes == 0 ? EAGAIN : errno;
    if (error == EAGAIN || error == EINTR || error == ENOMEM || error == ENOBUFS) break;
    if (MayBlameOffload(error) && GiveUpTunReadOffload(error)) continue;
    return absl::ErrnoToStatus(error, "read the TUN queue (the device is gone)");
  }
  return absl::OkStatus();
}

void EpollBackend::Receive(int fd, size_t slots_max) {
  const size_t slots = std::min(slots_max, kUdpSlots - run_count_);
  // The kernel wrote the lengths of the last messages here.
  for (size_t i = run_count_; i < run_count_ + slots; ++i) {
    messages_[i].msg_hdr.msg_namelen = kReceivedNameBytes;
    messages_[i].msg_hdr.msg_controllen = kReceiveControlBytes;
    messages_[i].msg_hdr.msg_flags = 0;
  }
  errno = FaultOn(IoOperation::kUdpReceive);
  const int received = errno != 0 ? -1
                                  : ::recvmmsg(fd, &messages_[run_count_],
                                               static_cast<unsigned>(slots), MSG_DONTWAIT, nullptr);
  // Any other error concerns one datagram (a returned ICMP error); reporting it clears it from the
  // socket.
  if (received < 0 && MayBlameOffload(errno)) GiveUpReceiveOffload(errno);
  for (int i = 0; i < received; ++i) {
    const mmsghdr& message = messages_[run_count_];
    auto* const payload = static_cast<uint8_t*>(message.msg_hdr.msg_iov->iov_base);
    runs_[run_count_++] = Received(message.msg_hdr, {payload, message.msg_len});
  }
}

std::unique_ptr<IoBackend> MakeEpollBackend(const BackendOptions& options) {
  return std::make_unique<EpollBackend>(options);
}

}  // namespace ringwire::platform
