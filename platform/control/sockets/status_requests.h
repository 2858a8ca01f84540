#ifndef RINGWIRE_PLATFORM_CONTROL_SOCKETS_STATUS_REQUESTS_H_
#define RINGWIRE_PLATFORM_CONTROL_SOCKETS_STATUS_REQUESTS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "platform/control/sockets/device_control.h"
#include "platform/control/sockets/socket_server.h"
#include "platform/control/sockets/status_report.h"

namespace ringwire::platform {

// The protocol of the status socket: request lines, each answered with one line of JSON, never with
// a secret. It answers "status", "summary" (the status without peers) and "ping"; anything else
// gets
// {"error": why}. It changes nothing: requests that change the device or its file go to the admin
// socket (admin_requests.h).
class StatusConversation final : public Conversation {
 public:
  // `device` outlives it.
  explicit StatusConversation(DeviceControl* device) : device_(device) {}

  void Receive(std::string_view bytes) override { input_ += bytes; }
  bool Produce(std::string* out, size_t about_bytes) override;

 private:
  // A request is a word; anything longer is invalid.
  static constexpr size_t kRequestBytesMax = 256;

  void Answer(std::string_view request, std::string* out);

  DeviceControl* const device_;
  std::string input_;
  std::optional<StatusWriter> status_;  // an answer in progress
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_SOCKETS_STATUS_REQUESTS_H_
