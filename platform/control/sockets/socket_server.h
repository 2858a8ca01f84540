#ifndef RINGWIRE_PLATFORM_CONTROL_SOCKETS_SOCKET_SERVER_H_
#define RINGWIRE_PLATFORM_CONTROL_SOCKETS_SOCKET_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "platform/base/event_poll.h"
#include "platform/base/unique_fd.h"
#include "platform/control/sockets/unix_listener.h"

namespace ringwire::platform {

// One connection's protocol: bytes in, answers out.
class Conversation {
 public:
  virtual ~Conversation() = default;
  // Takes what has arrived. Called only while no answer is outstanding.
  virtual void Receive(std::string_view bytes) = 0;
  // Appends the next part of the answers, about `about_bytes` of it; nothing appended means nothing
  // to say. An answer appended in one call is written in one call. False: hang up after what was
  // appended.
  virtual bool Produce(std::string* out, size_t about_bytes) = 0;
};

// Serves any number of conversations on one listening socket without ever waiting for one of them:
// a client that does not read keeps its own answer waiting and nobody else's. Bounded:
// kConnectionsMax connections, the one that was silent for longest gives way to a new one. Control
// thread's.
class SocketServer {
 public:
  static constexpr size_t kConnectionsMax = 64;
  using MakeConversation = std::function<std::unique_ptr<Conversation>()>;
  // Whether whoever has connected is served; if not, it is hung up on at once.
  using Admits = std::function<bool(int client)>;

  // `poll` outlives it. Without `admits` the modes of the socket's file decide alone.
  SocketServer(EventPoll* poll, UnixListener listener, MakeConversation make_conversation,
               Admits admits = nullptr);
  ~SocketServer();
  SocketServer(const SocketServer&) = delete;
  SocketServer& operator=(const SocketServer&) = delete;

  absl::Status Start();
  const UnixListener& listener() const { return listener_; }
  // Conversations that had nothing to say may have by now. Not from within one of them.
  void Poke();
  size_t connection_count() const { return connections_.size(); }
  // The connection that a conversation is speaking for just now; -1: none.
  int being_served() const { return being_served_; }

 private:
  // What one read takes and about what one write gives, so that no conversation holds up the thread
  // for long.
  static constexpr size_t kChunkBytes = 64 * 1024;

  struct Connection {
    UniqueFd fd;
    std::unique_ptr<Conversation> conversation;
    std::string output;  // produced and not yet written, from output_begin
    size_t output_begin = 0;
    uint32_t events = 0;   // what epoll watches
    bool hang_up = false;  // once the output is written
  };
  using Connections = std::list<Connection>;

  void Accept();
  void Serve(Connections::iterator connection, uint32_t events);
  void WatchFor(Connections::iterator connection);
  bool ReadOnce(Connection* connection);
  void Fill(Connection* connection);
  bool WriteOnce(Connection* connection);
  void Close(Connections::iterator connection);

  EventPoll* const poll_;
  UnixListener listener_;
  const MakeConversation make_conversation_;
  const Admits admits_;
  Connections connections_;  // the one heard from last is at the front
  std::unique_ptr<char[]> input_;
  int being_served_ = -1;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_SOCKETS_SOCKET_SERVER_H_
