#include "platform/control/sockets/uapi_conversation.h"

#include <cerrno>
#include <variant>
#include <vector>

#include "spdlog/spdlog.h"

namespace ringwire::platform {

bool UapiConversation::Produce(std::string* out, size_t about_bytes) {
  while (out->empty()) {
    if (get_.has_value()) {
      if (!get_->Next(out, about_bytes)) get_.reset();
      continue;
    }
    const absl::StatusOr<std::optional<UapiRequest>> request = reader_.Next();
    if (!request.ok()) {
      spdlog::warn("control socket: request refused: {}", std::string(request.status().message()));
      // Only a set can be too long.
      *out += absl::IsResourceExhausted(request.status()) ? FormatSetAnswer(EMSGSIZE)
                                                          : FormatGetError(EINVAL);
      return false;
    }
    if (!request->has_value()) return true;
    Answer(**request, out);
  }
  return true;
}

void UapiConversation::Answer(const UapiRequest& request, std::string* out) {
  switch (request.operation) {
    case UapiOperation::kGet:
      if (!request.body.empty()) {
        *out += FormatGetError(EINVAL);
        return;
      }
      get_.emplace(device_->StatusWithoutPeers(),
                   [this](size_t* cursor, std::vector<PeerStatus>* peers) {
                     return device_->ListPeers(cursor, peers);
                   });
      return;
    case UapiOperation::kSet:
      Set(request.body, out);
      return;
  }
}

void UapiConversation::Set(std::string_view body, std::string* out) {
  const std::variant<DeviceUpdate, UapiError> parsed = ParseSet(
      body, [this](const char* interface_name) { return device_->InterfaceIndex(interface_name); });
  UapiError error;
  if (const auto* const refused = std::get_if<UapiError>(&parsed)) {
    error = *refused;
  } else {
    error = device_->Apply(std::get<DeviceUpdate>(parsed));
  }
  if (error.error_number != 0) spdlog::warn("control socket: set refused: {}", error.reason);
  *out += FormatSetAnswer(error.error_number);
}

}  // namespace ringwire::platform
