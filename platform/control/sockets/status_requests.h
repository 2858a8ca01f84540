#ifndef RINGWIRE_PLATFORM_CONTROL_SOCKETS_STATUS_REQUESTS_H_
#define RINGWIRE_PLATFORM_CONTROL_SOCKETS_STATUS_REQUESTS_H_

#include <string>
#include <string_view>

#include "platform/control/sockets/device_control.h"

namespace ringwire::platform {

// The answer to a request line of the status socket: one JSON line without its end, never a secret.
// It answers "status" and "ping"; anything else gets {"error": why}. It changes nothing: requests
// that change the device or its file go to the admin socket (admin_requests.h).
std::string AnswerStatusRequest(std::string_view request, DeviceControl* device);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_SOCKETS_STATUS_REQUESTS_H_
