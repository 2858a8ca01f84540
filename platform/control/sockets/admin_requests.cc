#include "platform/control/sockets/admin_requests.h"

#include "core/device/key_text.h"
#include "nlohmann/json.hpp"

namespace ringwire::platform {

std::optional<AdminRequest> ParseAdminRequest(std::string_view line, std::string* why) {
  constexpr std::string_view kForget = "forget ";
  if (line == "reload") return AdminRequest{AdminVerb::kReload, {}};
  if (line == "save") return AdminRequest{AdminVerb::kSave, {}};
  if (!line.starts_with(kForget)) {
    *why = "unknown request; expected reload, save or forget KEY";
    return std::nullopt;
  }
  AdminRequest request{AdminVerb::kForget, {}};
  if (ParseKeyBase64(line.substr(kForget.size()), request.peer)) return request;
  *why = "not a public key (expected 44 base64 characters)";
  return std::nullopt;
}

std::string AdminAnswerLine(const AdminResult& result) {
  nlohmann::json json;
  if (!result.ok) {
    json["error"] = result.text;
  } else {
    json["ok"] = true;
    if (!result.text.empty()) json["warnings"] = result.text;
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace ringwire::platform
