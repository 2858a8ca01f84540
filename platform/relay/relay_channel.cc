#include "platform/relay/relay_channel.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ringwire::platform {
namespace {

constexpr timeval kPatience = {10, 0};

struct Header {
  uint32_t verb = 0;
  uint32_t size = 0;
};

}  // namespace

absl::StatusOr<std::pair<RelayChannel, RelayChannel>> RelayChannel::Make() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return absl::ErrnoToStatus(errno, "make a channel to the relay process");
  }
  UniqueFd supervisor(ends[0]);
  UniqueFd relay(ends[1]);
  ::setsockopt(supervisor.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  ::setsockopt(supervisor.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  return std::pair(RelayChannel(std::move(supervisor), kRelayBodyMax),
                   RelayChannel(std::move(relay), kRelayConfigurationMax));
}

absl::Status RelayChannel::Send(RelayVerb verb, std::string_view body) {
  const Header header{static_cast<uint32_t>(verb), static_cast<uint32_t>(body.size())};
  std::array<char, sizeof(header)> head;
  std::memcpy(head.data(), &header, sizeof(header));
  for (std::string_view rest : {std::string_view(head.data(), head.size()), body}) {
    while (!rest.empty()) {
      const ssize_t size = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) return absl::ErrnoToStatus(errno, "write to the other process");
      rest.remove_prefix(static_cast<size_t>(size));
    }
  }
  return absl::OkStatus();
}

// A socket is writable only when far more than one of the relay's messages has room.
bool RelayChannel::CanSend() const {
  pollfd room{socket_.get(), POLLOUT, 0};
  return ::poll(&room, 1, 0) == 1 && room.revents == POLLOUT;
}

bool RelayChannel::IsClosed() const {
  pollfd end{socket_.get(), 0, 0};
  return ::poll(&end, 1, 0) == 1 && (end.revents & (POLLHUP | POLLERR)) != 0;
}

absl::Status RelayChannel::ReadAll(char* to, size_t size) {
  while (size > 0) {
    const ssize_t got = ::recv(socket_.get(), to, size, 0);
    if (got == 0 || (got < 0 && errno == ECONNRESET)) {
      return absl::NotFoundError("the other process is gone");
    }
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::ErrnoToStatus(errno, "read from the other process");
    to += got;
    size -= static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

absl::StatusOr<RelayMessage> RelayChannel::Receive(size_t body_max) {
  std::array<char, sizeof(Header)> head;
  absl::Status status = ReadAll(head.data(), head.size());
  if (!status.ok()) return status;
  Header header;
  std::memcpy(&header, head.data(), sizeof(header));
  if (header.verb > static_cast<uint32_t>(RelayVerb::kServe) || header.size > body_max) {
    return absl::InternalError("read from the other process: no message of ours");
  }
  RelayMessage message{static_cast<RelayVerb>(header.verb), std::string(header.size, '\0')};
  status = ReadAll(message.body.data(), message.body.size());
  if (!status.ok()) return status;
  return message;
}

}  // namespace ringwire::platform
