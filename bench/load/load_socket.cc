#include "bench/load/load_socket.h"

#include <arpa/inet.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace ringwire::bench {

void Fail(const std::string& what) {
  std::fprintf(stderr, "wire_load: %s%s%s\n", what.c_str(), errno == 0 ? "" : ": ",
               errno == 0 ? "" : std::strerror(errno));
  std::exit(1);
}

LoadSocket::LoadSocket(const sockaddr_in& to)
    : to_(to),
      buffers_(kBatch, std::vector<uint8_t>(kBytesMax)),
      received_(kBatch, std::vector<uint8_t>(2048)) {
  fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) Fail("socket");
  const int buffer_bytes = 16 << 20;
  const int on = 1;
  if (::setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof buffer_bytes) != 0 ||
      ::setsockopt(fd_, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) != 0) {
    Fail("set options of the socket");
  }
  sockaddr_in any{};
  any.sin_family = AF_INET;
  if (::bind(fd_, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) Fail("bind");
}

LoadSocket::~LoadSocket() { ::close(fd_); }

void LoadSocket::Add(size_t bytes, uint32_t source) {
  parts_[count_] = {buffers_[count_].data(), bytes};
  msghdr& header = messages_[count_].msg_hdr;
  header = {};
  header.msg_name = &to_;
  header.msg_namelen = sizeof to_;
  header.msg_iov = &parts_[count_];
  header.msg_iovlen = 1;
  if (source != 0) {
    header.msg_control = controls_[count_].bytes.data();
    header.msg_controllen = controls_[count_].bytes.size();
    cmsghdr* const control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = IPPROTO_IP;
    control->cmsg_type = IP_PKTINFO;
    control->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
    in_pktinfo info{};
    info.ipi_spec_dst.s_addr = htonl(source);
    std::memcpy(CMSG_DATA(control), &info, sizeof info);
  }
  ++count_;
}

size_t LoadSocket::Send() {
  size_t sent = 0;
  while (sent < count_) {
    const int done =
        ::sendmmsg(fd_, messages_.data() + sent, static_cast<unsigned>(count_ - sent), 0);
    if (done < 0 && errno != EINTR && errno != ENOBUFS && errno != ECONNREFUSED) Fail("send");
    if (done < 0 && errno == ENOBUFS) break;
    if (done > 0) sent += static_cast<size_t>(done);
  }
  count_ = 0;
  return sent;
}

void LoadSocket::Receive(int timeout_ms, const std::function<void(const Arrived&)>& take) {
  pollfd waiting{fd_, POLLIN, 0};
  if (::poll(&waiting, 1, timeout_ms) <= 0) return;
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> parts;
  std::array<Control, kBatch> controls;
  for (size_t i = 0; i < kBatch; ++i) {
    parts[i] = {received_[i].data(), received_[i].size()};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_control = controls[i].bytes.data();
    messages[i].msg_hdr.msg_controllen = controls[i].bytes.size();
  }
  const int count = ::recvmmsg(fd_, messages.data(), kBatch, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < count; ++i) {
    const auto index = static_cast<size_t>(i);
    Arrived arrived{0, {received_[index].data(), messages[index].msg_len}};
    for (cmsghdr* control = CMSG_FIRSTHDR(&messages[index].msg_hdr); control != nullptr;
         control = CMSG_NXTHDR(&messages[index].msg_hdr, control)) {
      if (control->cmsg_level != IPPROTO_IP || control->cmsg_type != IP_PKTINFO) continue;
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(control), sizeof info);
      arrived.local = ntohl(info.ipi_addr.s_addr);
    }
    take(arrived);
  }
}

double Pace::seconds() const {
  return std::chrono::duration<double>(Clock::now() - begin_).count();
}

size_t Pace::Due(size_t most) {
  if (per_second_ == 0) return most;
  const auto due = static_cast<uint64_t>(seconds() * per_second_);
  if (due > sent_ + forgiven_ + 4 * most) forgiven_ = due - sent_ - 4 * most;
  const uint64_t missing = due > sent_ + forgiven_ ? due - sent_ - forgiven_ : 0;
  if (missing == 0) std::this_thread::sleep_for(std::chrono::microseconds(50));
  return std::min<size_t>(most, missing);
}

}  // namespace ringwire::bench
