#include "platform/observe/http_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/udp/control_messages.h"

namespace ringwire::platform {
namespace {

// From the connection to the whole request.
constexpr absl::Duration kRequestPatience = absl::Seconds(5);
// Until the page is made: it asks every interface, and each has a deadline of its own.
constexpr absl::Duration kPagePatience = absl::Minutes(2);
// Until the client has taken all of it.
constexpr absl::Duration kResponsePatience = absl::Seconds(30);
constexpr int kBacklog = 64;

HttpResponse Refusal(int status) {
  return {.status = status, .body = fmt::format("{}\n", HttpReason(status))};
}

}  // namespace

absl::StatusOr<UniqueFd> HttpServer::Listen(const SocketAddress& address) {
  const std::string tried = fmt::format("cannot listen on {}", address.ToString());
  SocketName name;
  const socklen_t size = ToSocketName(address, &name);
  const int family = address.address.family == IpFamily::kV4 ? AF_INET : AF_INET6;
  UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, tried);
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), size) != 0 ||
      ::listen(fd.get(), kBacklog) != 0) {
    return absl::ErrnoToStatus(errno, tried);
  }
  return fd;
}

HttpServer::HttpServer(UniqueFd listener, Serve serve)
    : listener_(std::move(listener)), serve_(std::move(serve)) {}

absl::Status HttpServer::RunUntil(int other_fd) {
  while (true) {
    std::vector<pollfd> waits = {{listener_.get(), POLLIN, 0}, {other_fd, POLLIN, 0}};
    std::vector<uint64_t> ids;
    for (const auto& [id, connection] : connections_) {
      const auto events = static_cast<short>(connection.state == State::kReads    ? POLLIN
                                             : connection.state == State::kWrites ? POLLOUT
                                                                                  : 0);
      waits.push_back({connection.socket.get(), events, 0});
      ids.push_back(id);
    }
    if (::poll(waits.data(), waits.size(), PollTimeoutMs(BootNow())) < 0 && errno != EINTR) {
      return absl::ErrnoToStatus(errno, "wait for requests");
    }
    for (size_t i = 0; i < ids.size(); ++i) {
      const auto found = connections_.find(ids[i]);
      if (waits[i + 2].revents == 0 || found == connections_.end()) continue;
      Connection& connection = found->second;
      const bool goes_on = connection.state == State::kReads    ? Read(ids[i], &connection)
                           : connection.state == State::kWrites ? Write(&connection)
                                                                : false;  // the client is gone
      if (!goes_on) connections_.erase(ids[i]);
    }
    EndOverdue(BootNow());
    if (waits[0].revents != 0) Accept(BootNow());
    if (waits[1].revents != 0) return absl::OkStatus();
  }
}

void HttpServer::Accept(Instant now) {
  UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket.valid()) return;
  if (connections_.size() >= kConnectionsMax && !MakeRoom()) return;
  Connection& connection = connections_[++last_id_];
  connection.socket = std::move(socket);
  connection.deadline = now + kRequestPatience;
}

bool HttpServer::MakeRoom() {
  const auto idle = std::ranges::find_if(
      connections_, [](const auto& entry) { return entry.second.state == State::kReads; });
  if (idle == connections_.end()) return false;
  connections_.erase(idle);
  return true;
}

bool HttpServer::Read(uint64_t id, Connection* connection) {
  std::array<char, 4096> chunk;
  const ssize_t size = ::recv(connection->socket.get(), chunk.data(), chunk.size(), 0);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  if (size == 0) return false;
  const auto read = connection->reader.Take({chunk.data(), static_cast<size_t>(size)});
  const bool refused = read == HttpRequestReader::State::kRefused;
  if (!refused && read != HttpRequestReader::State::kComplete) return true;
  connection->state = State::kWaits;
  connection->deadline = BootNow() + kPagePatience;
  if (refused) {
    Respond(id, Refusal(connection->reader.refusal()));
    return true;
  }
  const HttpRequest request = connection->reader.TakeRequest();
  connection->head_only = request.method == "HEAD";
  if (request.method != "GET" && request.method != "HEAD") {
    Respond(id, Refusal(405));
    return true;
  }
  serve_(id, request);
  return true;
}

void HttpServer::Respond(uint64_t id, const HttpResponse& response) {
  const auto found = connections_.find(id);
  if (found == connections_.end() || found->second.state != State::kWaits) return;
  Connection& connection = found->second;
  connection.message = ToHttpMessage(response, connection.head_only, /*close=*/true);
  connection.state = State::kWrites;
  connection.deadline = BootNow() + kResponsePatience;
}

bool HttpServer::Write(Connection* connection) {
  const char* const rest = connection->message.data() + connection->sent;
  const size_t size = connection->message.size() - connection->sent;
  const ssize_t sent = ::send(connection->socket.get(), rest, size, MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN || errno == EINTR;
  connection->sent += static_cast<size_t>(sent);
  if (connection->sent < connection->message.size()) return true;
  // What was not read would make the kernel reset the connection, and the client lose the page.
  std::array<char, 4096> chunk;
  ::shutdown(connection->socket.get(), SHUT_WR);
  [[maybe_unused]] const ssize_t ignored =
      ::recv(connection->socket.get(), chunk.data(), chunk.size(), 0);
  return false;
}

void HttpServer::EndOverdue(Instant now) {
  std::erase_if(connections_, [now](const auto& entry) { return entry.second.deadline <= now; });
}

int HttpServer::PollTimeoutMs(Instant now) const {
  Instant next = Instant::InfiniteFuture();
  for (const auto& [id, connection] : connections_) next = std::min(next, connection.deadline);
  if (next.IsInfiniteFuture()) return -1;
  return static_cast<int>(std::max<int64_t>(0, absl::ToInt64Milliseconds(next - now) + 1));
}

}  // namespace ringwire::platform
