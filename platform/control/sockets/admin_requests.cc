#include "platform/control/sockets/admin_requests.h"

#include "core/device/key_text.h"
#include "nlohmann/json.hpp"

namespace ringwire::platform {

namespace {

constexpr char kNoKey[] = "not a public key (expected 44 base64 characters)";

std::optional<AdminRequest> ParseRevoke(std::string_view words, std::string* why) {
  const size_t space = words.find(' ');
  AdminRequest request{AdminVerb::kRevoke, {}};
  request.user = words.substr(0, space);
  if (space == std::string_view::npos) return request;
  if (ParseKeyBase64(words.substr(space + 1), request.device.emplace())) return request;
  *why = kNoKey;
  return std::nullopt;
}

}  // namespace

std::optional<AdminRequest> ParseAdminRequest(std::string_view line, std::string* why) {
  constexpr std::string_view kForget = "forget ";
  constexpr std::string_view kRevoke = "revoke ";
  if (line == "reload") return AdminRequest{AdminVerb::kReload, {}};
  if (line == "save") return AdminRequest{AdminVerb::kSave, {}};
  if (line == "upgrade") return AdminRequest{AdminVerb::kUpgrade, {}};
  if (line == "leases") return AdminRequest{AdminVerb::kLeases, {}};
  if (line == "access") return AdminRequest{AdminVerb::kAccess, {}};
  if (line.starts_with(kRevoke)) return ParseRevoke(line.substr(kRevoke.size()), why);
  if (!line.starts_with(kForget)) {
    *why =
        "unknown request; expected reload, save, upgrade, access, forget KEY, leases or revoke "
        "USER "
        "[KEY]";
    return std::nullopt;
  }
  AdminRequest request{AdminVerb::kForget, {}};
  if (ParseKeyBase64(line.substr(kForget.size()), request.peer)) return request;
  *why = kNoKey;
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
