#include "platform/control/sockets/status_requests.h"

namespace ringwire::platform {

std::string AnswerStatusRequest(std::string_view request, DeviceControl* device) {
  if (request == "status") return ToJson(device->Report());
  if (request == "ping") return R"({"ok":true})";
  return R"({"error":"unknown request; this socket takes status and ping, and changes nothing"})";
}

}  // namespace ringwire::platform
