#include "platform/control/sockets/socket_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "crypto/secret.h"
#include "platform/base/clock.h"

namespace ringwire::platform {

SocketServer::SocketServer(EventPoll* poll, UnixListener listener,
                           MakeConversation make_conversation, Admits admits)
    : poll_(poll),
      listener_(std::move(listener)),
      make_conversation_(std::move(make_conversation)),
      admits_(std::move(admits)),
      input_(std::make_unique<char[]>(kChunkBytes)) {}

SocketServer::~SocketServer() {
  while (!connections_.empty()) Close(connections_.begin());
  poll_->Remove(listener_.fd());
}

absl::Status SocketServer::Start() {
  return poll_->Add(listener_.fd(), EPOLLIN, [this](uint32_t) { Accept(); });
}

void SocketServer::Accept() {
  UniqueFd fd(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd.valid()) {
    // Without a free descriptor the connection would stay in the backlog and wake us again and
    // again: make room.
    const bool exhausted = errno == EMFILE || errno == ENFILE;
    if (exhausted && !connections_.empty()) Close(std::prev(connections_.end()));
    return;
  }
  if (admits_ != nullptr && !admits_(fd.get())) return;
  if (connections_.size() >= kConnectionsMax) Close(std::prev(connections_.end()));
  connections_.emplace_front();
  const auto connection = connections_.begin();
  connection->fd = std::move(fd);
  connection->conversation = make_conversation_();
  connection->events = EPOLLIN;
  const absl::Status added =
      poll_->Add(connection->fd.get(), EPOLLIN,
                 [this, connection](uint32_t events) { Serve(connection, events); });
  if (!added.ok()) connections_.erase(connection);
}

void SocketServer::Serve(Connections::iterator connection, uint32_t events) {
  connections_.splice(connections_.begin(), connections_, connection);
  // While an answer is outstanding only EPOLLOUT is watched, so nothing is read that could not be
  // answered.
  const bool reading = (connection->events & EPOLLIN) != 0;
  if ((events & EPOLLERR) != 0 || (reading && !ReadOnce(&*connection)) ||
      !WriteOnce(&*connection)) {
    Close(connection);
    return;
  }
  WatchFor(connection);
}

Instant SocketServer::due() const {
  Instant due = Instant::InfiniteFuture();
  for (const Connection& connection : connections_) {
    if (connection.HasOutput()) due = std::min(due, connection.moved_at + kStalledAfter);
  }
  return due;
}

void SocketServer::CloseStalled(Instant now) {
  for (auto next = connections_.begin(); next != connections_.end();) {
    const auto connection = next++;
    if (connection->HasOutput() && now >= connection->moved_at + kStalledAfter) Close(connection);
  }
}

void SocketServer::Poke() {
  for (auto next = connections_.begin(); next != connections_.end();) {
    const auto connection = next++;
    if (connection->HasOutput()) continue;  // its turn comes anyway
    if (WriteOnce(&*connection)) {
      WatchFor(connection);
    } else {
      Close(connection);
    }
  }
}

// While an answer is outstanding, for its writing; else for a request.
void SocketServer::WatchFor(Connections::iterator connection) {
  const uint32_t wanted = connection->HasOutput() ? EPOLLOUT : EPOLLIN;
  if (wanted == connection->events) return;
  connection->events = wanted;
  poll_->Change(connection->fd.get(), wanted);
}

// False: the connection is over.
bool SocketServer::ReadOnce(Connection* connection) {
  const ssize_t size = ::recv(connection->fd.get(), input_.get(), kChunkBytes, 0);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  if (size == 0) return false;
  const std::string_view bytes(input_.get(), static_cast<size_t>(size));
  connection->conversation->Receive(bytes);
  crypto::Cleanse(input_.get(), bytes.size());  // a set carries keys
  return true;
}

void SocketServer::Fill(Connection* connection) {
  if (connection->hang_up) return;
  being_served_ = connection->fd.get();
  connection->hang_up = !connection->conversation->Produce(&connection->output, kChunkBytes);
  being_served_ = -1;
  connection->moved_at = BootNow();  // also if nothing of it can be sent yet
}

// Writes one chunk at most and leaves the next one in `output`. False: the connection is over.
bool SocketServer::WriteOnce(Connection* connection) {
  std::string& output = connection->output;
  if (output.empty()) Fill(connection);
  if (!output.empty()) {
    const ssize_t size =
        ::send(connection->fd.get(), output.data() + connection->output_begin,
               output.size() - connection->output_begin, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    connection->output_begin += static_cast<size_t>(size);
    connection->moved_at = BootNow();
    if (connection->output_begin < output.size()) return true;
    crypto::Cleanse(output.data(), output.size());
    output.clear();
    connection->output_begin = 0;
    Fill(connection);
  }
  return !(output.empty() && connection->hang_up);
}

void SocketServer::Close(Connections::iterator connection) {
  poll_->Remove(connection->fd.get());
  crypto::Cleanse(connection->output.data(), connection->output.size());
  connections_.erase(connection);
}

}  // namespace ringwire::platform
