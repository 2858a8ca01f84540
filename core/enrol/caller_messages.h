#ifndef RINGWIRE_CORE_ENROL_CALLER_MESSAGES_H_
#define RINGWIRE_CORE_ENROL_CALLER_MESSAGES_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/post_quantum.h"
#include "core/enrol/limits.h"
#include "core/enrol/message_fields.h"
#include "core/enrol/messages.h"
#include "core/enrol/secret_bytes.h"
#include "crypto/secret.h"

// The messages between a client's supervisor and its caller, the process that talks to the gateway
// by TLS. Each call brings a socket whose connect has begun, and is answered once. Pure.
namespace ringwire::enrol {

// How to know the right server; travels as sealed memory, because a list of CAs is long.
struct CallerSettings {
  std::string name;     // of the server, as its certificate must have it
  std::string host;     // the same as HTTP's Host has it, perhaps with a port
  std::string anchors;  // PEM; empty: the pin alone decides
  std::optional<std::array<uint8_t, 32>> pin;  // SHA-256 of the server's key
  PostQuantum post_quantum = PostQuantum::kAuto;
  static void Fields(auto& self, auto& visit) {
    visit(Label(self.name, kHostNameBytesMax), Label(self.host, kEndpointBytesMax),
          UpTo(self.anchors, kAnchorsBytesMax), self.pin, self.post_quantum);
  }
};

// ---- supervisor to caller

// With CallerSettings as sealed memory. Before the first call.
struct NewCallerSettings {
  static void Fields(auto& /*self*/, auto& /*visit*/) {}
};

// Asks for a lease.
struct LoginCall {
  uint32_t id = 0;
  uint16_t patience_s = 0;
  crypto::PublicKey public_key{};
  std::string device;
  std::string user;
  SecretBytes password;
  static void Fields(auto& self, auto& visit) {
    visit(self.id, self.patience_s, self.public_key, Label(self.device, kDeviceBytesMax),
          Label(self.user, kUserBytesMax), UpTo(self.password, kPasswordBytesMax));
  }
};

struct RenewalCall {
  uint32_t id = 0;
  uint16_t patience_s = 0;
  LeaseToken token;
  uint32_t revision = 0;                   // of the settings in use
  std::optional<crypto::PublicKey> rekey;  // the own key, for a new preshared key
  crypto::PublicKey gateway_key{};
  static void Fields(auto& self, auto& visit) {
    visit(self.id, self.patience_s, self.token, self.revision, self.rekey, self.gateway_key);
  }
};

// Gives the lease back.
struct EndCall {
  uint32_t id = 0;
  uint16_t patience_s = 0;
  LeaseToken token;
  static void Fields(auto& self, auto& visit) { visit(self.id, self.patience_s, self.token); }
};

using SupervisorToCaller = std::variant<NewCallerSettings, LoginCall, RenewalCall, EndCall>;

// ---- caller to supervisor

// A call was granted. With a PushedConfig as sealed memory, if the gateway sent one; always after a
// login.
struct CallDone {
  uint32_t id = 0;
  std::optional<LeaseToken> token;  // of a login
  std::optional<crypto::PresharedKey> preshared_key;
  uint32_t expires_in_s = 0;
  uint32_t session_ends_in_s = 0;
  uint32_t revision = 0;
  uint16_t key_exchange = 0;  // by TLS' registry of groups
  static void Fields(auto& self, auto& visit) {
    visit(self.id, self.token, self.preshared_key, self.expires_in_s, self.session_ends_in_s,
          self.revision, self.key_exchange);
  }
};

// A call failed. `exit_code` is that of the client then, and `text` is for people.
struct CallFailed {
  uint32_t id = 0;
  uint8_t exit_code = 1;
  uint32_t retry_after_s = 0;           // 0: the gateway names no time
  EndReason reason = EndReason::kNone;  // of access that has ended
  std::string text;
  static void Fields(auto& self, auto& visit) {
    visit(self.id, self.exit_code, self.retry_after_s, self.reason, Label(self.text, size_t{512}));
  }
};

using CallerToSupervisor = std::variant<CallDone, CallFailed>;

extern template SecretBytes EncodeMessage(const SupervisorToCaller&);
extern template SecretBytes EncodeMessage(const CallerToSupervisor&);
extern template std::optional<SupervisorToCaller> DecodeMessage(std::string_view);
extern template std::optional<CallerToSupervisor> DecodeMessage(std::string_view);

}  // namespace ringwire::enrol

#endif  // RINGWIRE_CORE_ENROL_CALLER_MESSAGES_H_
