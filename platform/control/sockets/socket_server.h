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
#include "absl/time/time.h"
#include "core/base/instant.h"
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
  // Appends the next part of the answers, about `about_bytes`; appends nothing if there is no
  // answer. An answer appended in one call is written in one call. False: close the connection
  // after it.
  virtual bool Produce(std::string* out, size_t about_bytes) = 0;
};

// Serves conversations on one listening socket and never waits for one of them: a client that does
// not read delays only its own answer, and CloseStalled ends its connection after kStalledAfter. At
// most kConnectionsMax connections: a new one replaces the one that was silent longest. For the
// control thread.
class SocketServer {
 public:
  static constexpr size_t kConnectionsMax = 64;
  // A tool reads at once. One that was suspended and resumes within this time still gets its
  // answer.
  static constexpr absl::Duration kStalledAfter = absl::Seconds(30);
  using MakeConversation = std::function<std::unique_ptr<Conversation>()>;
  // Whether to serve a new connection; if not, it is closed at once.
  using Admits = std::function<bool(int client)>;

  // `poll` outlives it. Without `admits` only the mode of the socket's file decides.
  SocketServer(EventPoll* poll, UnixListener listener, MakeConversation make_conversation,
               Admits admits = nullptr);
  ~SocketServer();
  SocketServer(const SocketServer&) = delete;
  SocketServer& operator=(const SocketServer&) = delete;

  absl::Status Start();
  const UnixListener& listener() const { return listener_; }
  // Conversations without an answer may have one now. Do not call from within one of them.
  void Poke();
  size_t connection_count() const { return connections_.size(); }
  // When to call CloseStalled, which ends connections whose clients have read nothing of an answer
  // for kStalledAfter. InfiniteFuture: no client has an answer to read.
  Instant due() const;
  void CloseStalled(Instant now);
  // The connection of the conversation that is running now; -1: none.
  int being_served() const { return being_served_; }

 private:
  // The maximum of one read, and about that of one write, so that no conversation delays the thread
  // for long.
  static constexpr size_t kChunkBytes = 64 * 1024;

  struct Connection {
    UniqueFd fd;
    std::unique_ptr<Conversation> conversation;
    std::string output;  // produced and not yet written, from output_begin
    size_t output_begin = 0;
    uint32_t events = 0;   // what epoll watches
    bool hang_up = false;  // once the output is written
    Instant moved_at;      // output was last produced or written

    bool HasOutput() const { return output_begin < output.size(); }
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
  Connections connections_;  // the most recently active one is at the front
  std::unique_ptr<char[]> input_;
  int being_served_ = -1;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_SOCKETS_SOCKET_SERVER_H_
