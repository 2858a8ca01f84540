#ifndef RINGWIRE_PLATFORM_CONTROL_SOCKETS_STATUS_CONVERSATION_H_
#define RINGWIRE_PLATFORM_CONTROL_SOCKETS_STATUS_CONVERSATION_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "platform/control/sockets/device_control.h"
#include "platform/control/sockets/socket_server.h"

namespace ringwire::platform {

// The status socket: one request line, one JSON line as its answer, never a secret. "status",
// "ping" and "forget KEY" are answered at once; "reload" and "save" when the service has an
// answer. What fails answers {"error": why}.
class StatusConversation final : public Conversation {
 public:
  // `device` outlives it.
  explicit StatusConversation(DeviceControl* device) : device_(device) {}

  void Receive(std::string_view bytes) override { input_ += bytes; }
  bool Produce(std::string* out, size_t about_bytes) override;

 private:
  // A request is a word and a key; anything longer is none.
  static constexpr size_t kRequestBytesMax = 256;

  // nullopt: it comes later, in pending_.
  std::optional<std::string> Answer(std::string_view request);
  std::optional<std::string> AskService(ServiceRequest request);

  DeviceControl* const device_;
  std::string input_;
  // Of a request to the service. Shared with its answer, which may come when this is gone.
  std::shared_ptr<std::optional<std::string>> pending_;
  std::string answer_;  // in progress, from answer_begin_
  size_t answer_begin_ = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_SOCKETS_STATUS_CONVERSATION_H_
