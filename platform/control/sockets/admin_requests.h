#ifndef RINGWIRE_PLATFORM_CONTROL_SOCKETS_ADMIN_REQUESTS_H_
#define RINGWIRE_PLATFORM_CONTROL_SOCKETS_ADMIN_REQUESTS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/secret.h"

// Requests of root to the service of an interface, as lines on its admin socket. Pure.
namespace ringwire::platform {

enum class AdminVerb : uint8_t {
  kReload,   // "reload": apply the configuration file again
  kSave,     // "save": write the device's state into the configuration file
  kUpgrade,  // "upgrade": go on with the program that is installed
  kForget,   // "forget KEY": clear a peer's handshake timestamps
  kAccess,   // "access": a line about a client's lease
  kLeases,   // "leases": list the leases of [Enrol]
  kRevoke,   // "revoke USER" or "revoke USER KEY": end leases of a user
};

struct AdminRequest {
  AdminVerb verb = AdminVerb::kReload;
  crypto::PublicKey peer{};                      // of kForget
  std::string user = {};                         // of kRevoke
  std::optional<crypto::PublicKey> device = {};  // likewise; nullopt: all
};

struct AdminResult {
  bool ok = true;
  std::string text;  // lines, without the last one's end: errors, or warnings; perhaps none
};
using AdminAnswer = std::function<void(const AdminResult&)>;

// nullopt: no such request; `why` then says what is expected.
std::optional<AdminRequest> ParseAdminRequest(std::string_view line, std::string* why);
// {"ok":true}, perhaps with "warnings", or {"error":why}; one line without its end.
std::string AdminAnswerLine(const AdminResult& result);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_SOCKETS_ADMIN_REQUESTS_H_
