#ifndef RINGWIRE_PLATFORM_CONTROL_STATUS_CONVERSATION_H_
#define RINGWIRE_PLATFORM_CONTROL_STATUS_CONVERSATION_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "platform/control/device_control.h"
#include "platform/control/socket_server.h"

namespace ringwire::platform {

// The status socket: one request line ("status", "forget KEY", "reload"), one JSON line as its
// answer, never a secret. What fails answers {"error": why}.
class StatusConversation final : public Conversation {
 public:
  // `device` outlives it.
  explicit StatusConversation(DeviceControl* device) : device_(device) {}

  void Receive(std::string_view bytes) override { input_ += bytes; }
  bool Produce(std::string* out, size_t about_bytes) override;

 private:
  // A request is a word and a key; anything longer is none.
  static constexpr size_t kRequestBytesMax = 256;

  std::string Answer(std::string_view request);

  DeviceControl* const device_;
  std::string input_;
  std::string answer_;  // in progress, from answer_begin_
  size_t answer_begin_ = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_STATUS_CONVERSATION_H_
