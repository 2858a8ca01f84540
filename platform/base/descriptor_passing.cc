#include "platform/base/descriptor_passing.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/base/check.h"

namespace ringwire::platform {
namespace {

// Room for the descriptors of one message.
struct alignas(cmsghdr) ControlBuffer {
  std::array<char, CMSG_SPACE(kPassedDescriptorsMax * sizeof(int))> bytes{};
};

void Take(msghdr* message, std::vector<UniqueFd>* descriptors) {
  for (cmsghdr* part = CMSG_FIRSTHDR(message); part != nullptr; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(fd));
      descriptors->emplace_back(fd);
    }
  }
}

}  // namespace

absl::StatusOr<size_t> SendWithDescriptors(int socket, std::string_view bytes,
                                           std::span<const int> descriptors) {
  CHECK(descriptors.size() <= kPassedDescriptorsMax);
  iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  ControlBuffer control;
  if (!descriptors.empty()) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* const part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size_bytes());
  }
  while (true) {
    const ssize_t size = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    if (size >= 0) return static_cast<size_t>(size);
    if (errno != EINTR) return absl::ErrnoToStatus(errno, "write to the other process");
  }
}

absl::StatusOr<size_t> ReceiveWithDescriptors(int socket, std::span<char> bytes,
                                              std::vector<UniqueFd>* descriptors, int flags) {
  iovec piece{bytes.data(), bytes.size()};
  ControlBuffer control;
  while (true) {
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    const ssize_t size = ::recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    if (size == 0 || (size < 0 && errno == ECONNRESET)) {
      return absl::NotFoundError("the other process is gone");
    }
    if (size < 0 && errno == EINTR) continue;
    // The kernel is short of memory for a moment: the message is still there.
    const bool is_short = errno == ENOMEM || errno == ENOBUFS;
    if (size < 0 && (errno == EAGAIN || is_short)) {
      return absl::UnavailableError("there is nothing yet");
    }
    if (size < 0) return absl::ErrnoToStatus(errno, "read from the other process");
    Take(&message, descriptors);
    return static_cast<size_t>(size);
  }
}

}  // namespace ringwire::platform
