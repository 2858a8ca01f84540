#ifndef RINGWIRE_PLATFORM_CONTROL_SOCKETS_UAPI_CONVERSATION_H_
#define RINGWIRE_PLATFORM_CONTROL_SOCKETS_UAPI_CONVERSATION_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/config/uapi.h"
#include "platform/control/sockets/device_control.h"
#include "platform/control/sockets/socket_server.h"

namespace ringwire::platform {

// The protocol of `wg` on the control socket: any number of gets and sets, answered in order.
class UapiConversation final : public Conversation {
 public:
  // `device` outlives it.
  explicit UapiConversation(DeviceControl* device) : device_(device) {}

  void Receive(std::string_view bytes) override { reader_.Append(bytes); }
  bool Produce(std::string* out, size_t about_bytes) override;

 private:
  void Answer(const UapiRequest& request, std::string* out);
  void Set(std::string_view body, std::string* out);

  DeviceControl* const device_;
  UapiRequestReader reader_;
  std::optional<UapiGetWriter> get_;  // an answer in progress
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_SOCKETS_UAPI_CONVERSATION_H_
