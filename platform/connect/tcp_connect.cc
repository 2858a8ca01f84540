#include "platform/connect/tcp_connect.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/base/message_of.h"
#include "platform/udp/control_messages.h"

namespace ringwire::platform {
namespace {

constexpr absl::Duration kNextAfter = absl::Milliseconds(250);

// Connects to several addresses at a time, each begun after the other.
class Race {
 public:
  Race(std::span<const SocketAddress> addresses, uint32_t mark)
      : addresses_(addresses), mark_(mark) {}

  absl::StatusOr<TcpConnection> Run(Instant deadline);

 private:
  bool MayBeginAnother() const { return begun_ < addresses_.size(); }
  void BeginNext();
  // The index of a socket that is connected; those that failed are dropped.
  int Look(std::span<const pollfd> polled);
  absl::Status NoAnswer() const;

  const std::span<const SocketAddress> addresses_;
  const uint32_t mark_;
  size_t begun_ = 0;
  std::vector<TcpConnection> pending_;
  std::string failures_;
};

void Race::BeginNext() {
  const SocketAddress& to = addresses_[begun_++];
  absl::StatusOr<UniqueFd> socket = BeginTcp(to, mark_);
  if (socket.ok()) {
    pending_.push_back({*std::move(socket), to});
  } else {
    failures_ += fmt::format("{}{}", failures_.empty() ? "" : ", ", MessageOf(socket.status()));
  }
}

int Race::Look(std::span<const pollfd> polled) {
  for (size_t i = polled.size(); i-- > 0;) {
    if (polled[i].revents == 0) continue;
    int error = 0;
    socklen_t size = sizeof(error);
    if (::getsockopt(polled[i].fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error == 0) return static_cast<int>(i);
    failures_ += fmt::format("{}{}: {}", failures_.empty() ? "" : ", ",
                             pending_[i].to.address.ToString(), std::strerror(error));
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return -1;
}

absl::Status Race::NoAnswer() const {
  std::string failures = failures_;
  for (const TcpConnection& one : pending_) {
    failures +=
        fmt::format("{}{}: time is over", failures.empty() ? "" : ", ", one.to.address.ToString());
  }
  return absl::UnavailableError(
      fmt::format("no answer on TCP port {} ({})", addresses_.front().port, failures));
}

absl::StatusOr<TcpConnection> Race::Run(Instant deadline) {
  Instant next = BootNow();
  while (true) {
    const Instant now = BootNow();
    if (MayBeginAnother() && (now >= next || pending_.empty())) {
      BeginNext();
      next = now + kNextAfter;
      continue;
    }
    if (now >= deadline || pending_.empty()) return NoAnswer();
    std::vector<pollfd> polled;
    for (const TcpConnection& one : pending_) polled.push_back({one.socket.get(), POLLOUT, 0});
    const Instant until = MayBeginAnother() ? std::min(next, deadline) : deadline;
    ::poll(polled.data(), polled.size(),
           static_cast<int>(absl::ToInt64Milliseconds(until - now) + 1));
    const int winner = Look(polled);
    if (winner >= 0) return std::move(pending_[static_cast<size_t>(winner)]);
  }
}

}  // namespace

absl::StatusOr<UniqueFd> BeginTcp(const SocketAddress& to, uint32_t mark) {
  const auto fail = [&to] {
    return absl::UnavailableError(
        fmt::format("{}: {}", to.address.ToString(), std::strerror(errno)));
  };
  UniqueFd socket(::socket(to.address.family == IpFamily::kV6 ? AF_INET6 : AF_INET,
                           SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!socket.valid()) return fail();
  if (mark != 0 && ::setsockopt(socket.get(), SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) != 0) {
    return fail();
  }
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  SocketName name{};
  const socklen_t size = ToSocketName(to, &name);
  if (::connect(socket.get(), &name.any, size) != 0 && errno != EINPROGRESS) return fail();
  return socket;
}

absl::StatusOr<TcpConnection> ConnectTcp(std::span<const SocketAddress> addresses, uint32_t mark,
                                         Instant deadline) {
  if (addresses.empty()) return absl::UnavailableError("the server's name has no address");
  return Race(addresses, mark).Run(deadline);
}

}  // namespace ringwire::platform
