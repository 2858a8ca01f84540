#ifndef RINGWIRE_PLATFORM_CONTROL_SOCKETS_REQUEST_CONVERSATION_H_
#define RINGWIRE_PLATFORM_CONTROL_SOCKETS_REQUEST_CONVERSATION_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "platform/control/sockets/socket_server.h"

namespace ringwire::platform {

// One request line, one answer line, repeatedly. An answer may come at once or later; until then
// this connection is not served further. Thread-compatible.
class RequestConversation final : public Conversation {
 public:
  // Call once for each request, at any time, even after the conversation has gone; with or without
  // the line's end.
  using Reply = std::function<void(std::string answer)>;
  // Answers a request line, which is valid during the call.
  using Serve = std::function<void(std::string_view request, Reply reply)>;

  // `on_late_answer`: called when an answer comes that was not given during `serve`; the server
  // then has something to write (SocketServer::Poke).
  RequestConversation(Serve serve, std::function<void()> on_late_answer)
      : serve_(std::move(serve)), on_late_answer_(std::move(on_late_answer)) {}

  void Receive(std::string_view bytes) override { input_ += bytes; }
  bool Produce(std::string* out, size_t about_bytes) override;

 private:
  // A request is a word and a key; anything longer is invalid.
  static constexpr size_t kRequestBytesMax = 256;

  struct Pending {
    std::optional<std::string> answer;
    bool is_late = false;
  };

  void Ask(std::string_view request);

  const Serve serve_;
  const std::function<void()> on_late_answer_;
  std::string input_;
  std::shared_ptr<Pending> pending_;  // of the request that is being served; shared with its Reply
  std::string answer_;                // in progress, from answer_begin_
  size_t answer_begin_ = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_SOCKETS_REQUEST_CONVERSATION_H_
