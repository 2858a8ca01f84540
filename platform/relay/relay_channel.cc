#include "platform/relay/relay_channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "core/base/status_macros.h"
#include "platform/base/clock.h"
#include "platform/base/descriptor_passing.h"

namespace ringwire::platform {
namespace {

// OK: `socket` is ready for `events`.
absl::Status WaitFor(int socket, short events, const RelayPatience& patience) {
  while (true) {
    int timeout_ms = -1;
    if (!patience.deadline.IsInfiniteFuture()) {
      const int64_t left_ms = absl::ToInt64Milliseconds(patience.deadline - BootNow()) + 1;
      timeout_ms = static_cast<int>(std::clamp<int64_t>(left_ms, 0, INT_MAX));
    }
    std::array<pollfd, 2> wait{{{socket, events, 0}, {patience.interrupt_fd, POLLIN, 0}}};
    const int ready = ::poll(wait.data(), wait.size(), timeout_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return absl::ErrnoToStatus(errno, "wait for the other process");
    if (wait[1].revents != 0) return absl::CancelledError("interrupted by a signal");
    if (wait[0].revents != 0) return absl::OkStatus();
    return absl::DeadlineExceededError("the other process takes too long");
  }
}

}  // namespace

absl::StatusOr<std::pair<RelayChannel, RelayChannel>> RelayChannel::Make() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return absl::ErrnoToStatus(errno, "make a channel to the relay process");
  }
  return std::pair(RelayChannel(UniqueFd(ends[0]), kRelayBodyMax, kSendPatience),
                   OfRelay(UniqueFd(ends[1])));
}

RelayChannel RelayChannel::OfRelay(UniqueFd socket) {
  return RelayChannel(std::move(socket), kRelayConfigurationMax, absl::InfiniteDuration());
}

absl::Status RelayChannel::Write(std::string_view rest, const RelayPatience& patience) {
  while (!rest.empty()) {
    const ssize_t size =
        ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size >= 0) {
      rest.remove_prefix(static_cast<size_t>(size));
    } else if (errno == EAGAIN) {
      RETURN_IF_ERROR(WaitFor(socket_.get(), POLLOUT, patience));
    } else if (errno != EINTR) {
      return absl::ErrnoToStatus(errno, "write to the other process");
    }
  }
  return absl::OkStatus();
}

absl::Status RelayChannel::Send(RelayVerb verb, std::string_view body, int interrupt_fd) {
  return Send(verb, body, {}, interrupt_fd);
}

absl::Status RelayChannel::SendWith(std::span<const int> descriptors, RelayVerb verb,
                                    std::string_view body) {
  return Send(verb, body, descriptors, -1);
}

absl::Status RelayChannel::Send(RelayVerb verb, std::string_view body,
                                std::span<const int> descriptors, int interrupt_fd) {
  const std::array<uint32_t, 2> header{static_cast<uint32_t>(verb),
                                       static_cast<uint32_t>(body.size())};
  std::array<char, kHeadBytes> head;
  std::memcpy(head.data(), header.data(), head.size());
  const Instant deadline = BootNow() + send_patience_;
  // A stream socket takes so few bytes whole or not at all; after that, a signal would leave half a
  // message.
  const RelayPatience patience{deadline, interrupt_fd};
  absl::Status status;
  if (descriptors.empty()) {
    status = Write({head.data(), head.size()}, patience);
  } else {
    status = WaitFor(socket_.get(), POLLOUT, patience);
    if (status.ok()) {
      status = SendWithDescriptors(socket_.get(), {head.data(), head.size()}, descriptors).status();
    }
  }
  if (!status.ok()) return status;
  status = Write(body, {deadline, -1});
  if (!status.ok()) ::shutdown(socket_.get(), SHUT_RDWR);
  return status;
}

// A socket is writable only if it has room for far more than one of the relay's messages.
bool RelayChannel::CanSend() const {
  pollfd room{socket_.get(), POLLOUT, 0};
  return ::poll(&room, 1, 0) == 1 && room.revents == POLLOUT;
}

bool RelayChannel::IsClosed() const {
  pollfd end{socket_.get(), 0, 0};
  return ::poll(&end, 1, 0) == 1 && (end.revents & (POLLHUP | POLLERR)) != 0;
}

absl::StatusOr<bool> RelayChannel::Fill(std::span<char> to, size_t* filled) {
  while (*filled < to.size()) {
    const ssize_t got =
        ::recv(socket_.get(), to.data() + *filled, to.size() - *filled, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno == ECONNRESET)) {
      return absl::NotFoundError("the other process is gone");
    }
    // Short of memory for a moment: the bytes are still there.
    if (got < 0 && (errno == EAGAIN || errno == ENOMEM || errno == ENOBUFS)) return false;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::ErrnoToStatus(errno, "read from the other process");
    *filled += static_cast<size_t>(got);
  }
  return true;
}

absl::StatusOr<bool> RelayChannel::FillHead() {
  while (head_filled_ < head_.size()) {
    const absl::StatusOr<size_t> got =
        ReceiveWithDescriptors(socket_.get(), std::span(head_).subspan(head_filled_),
                               &arriving_.descriptors, MSG_DONTWAIT);
    if (absl::IsUnavailable(got.status())) return false;
    if (!got.ok()) return got.status();
    head_filled_ += *got;
  }
  return true;
}

absl::StatusOr<std::optional<RelayMessage>> RelayChannel::TryReceive(size_t body_max) {
  if (head_filled_ < head_.size()) {
    ASSIGN_OR_RETURN(const bool whole, FillHead());
    if (!whole) return std::nullopt;
    std::array<uint32_t, 2> header;
    std::memcpy(header.data(), head_.data(), head_.size());
    if (header[0] > static_cast<uint32_t>(kLastRelayVerb) || header[1] > body_max) {
      head_filled_ = 0;
      return absl::InternalError("read from the other process: no message of ours");
    }
    arriving_.verb = static_cast<RelayVerb>(header[0]);
    arriving_.body = std::string(header[1], '\0');
    body_filled_ = 0;
  }
  ASSIGN_OR_RETURN(const bool whole, Fill(arriving_.body, &body_filled_));
  if (!whole) return std::nullopt;
  head_filled_ = 0;
  return std::exchange(arriving_, {});
}

absl::StatusOr<RelayMessage> RelayChannel::Receive(size_t body_max, const RelayPatience& patience) {
  while (true) {
    ASSIGN_OR_RETURN(std::optional<RelayMessage> message, TryReceive(body_max));
    if (message.has_value()) return *std::move(message);
    RETURN_IF_ERROR(WaitFor(socket_.get(), POLLIN, patience));
  }
}

}  // namespace ringwire::platform
