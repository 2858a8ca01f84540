#ifndef RINGWIRE_CORE_ENROL_MESSAGES_H_
#define RINGWIRE_CORE_ENROL_MESSAGES_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/enrol/limits.h"
#include "core/enrol/message_fields.h"
#include "core/enrol/secret_bytes.h"
#include "core/wire/address.h"
#include "crypto/secret.h"

// The messages between portal, registrar and supervisor: one per packet, typed and bounded. Each
// direction of a channel has its own set, so that a process cannot send what is not its to say. A
// message that does not decode ends its sender. Pure.
namespace ringwire::enrol {

using LeaseId = std::array<uint8_t, 16>;
// What a client shows for its lease later.
using LeaseToken = crypto::Secret<32>;

// Why access ended, as the HTTP API names it.
enum class EndReason : uint8_t { kNone, kRevoked, kExpired, kReplaced, kSession, kLast = kSession };

// The registrar's word on a request.
enum class VerdictCode : uint8_t {
  kGranted,
  kCredentials,  // 401: proof refused, or an unknown token
  kEnded,        // 403: the token's lease has ended; `reason` says why
  kBadKey,       // 400: a public key that is no key, or the gateway's
  kKeyInUse,     // 409: of a [Peer] or of another user
  kDevices,      // 409: the user has as many leases as `Devices` allows
  kTooMany,      // 429: too many tries; with `retry_after_s`
  kBusy,         // 503: cannot decide now; with `retry_after_s`
  kFull,         // 503: no address or no lease is left; with `retry_after_s`
  kLast = kFull,
};

// ---- portal to registrar. Each is answered; `id` is the portal's own count.

// Asks for the signature of a handshake. `algorithm` is TLS's SignatureScheme.
struct Sign {
  uint32_t id = 0;
  uint32_t certificate = 0;  // its number, from PortalSettings
  uint16_t algorithm = 0;
  std::string input;
  static void Fields(auto& self, auto& visit) {
    visit(self.id, self.certificate, self.algorithm, UpTo(self.input, kSignInputBytesMax));
  }
};

// Asks for a lease. `preshared_key` comes from the TLS session that carried the request.
struct Login {
  uint32_t id = 0;
  IpAddress source;  // of the client, as the portal sees it
  crypto::PublicKey public_key{};
  crypto::PresharedKey preshared_key;
  std::string device;
  std::string user;
  SecretBytes password;
  static void Fields(auto& self, auto& visit) {
    visit(self.id, self.source, self.public_key, self.preshared_key,
          Label(self.device, kDeviceBytesMax), Label(self.user, kUserBytesMax),
          UpTo(self.password, kPasswordBytesMax));
  }
};

struct Renew {
  uint32_t id = 0;
  IpAddress source;
  LeaseToken token;
  std::optional<crypto::PresharedKey> preshared_key;  // replaces that of the lease
  static void Fields(auto& self, auto& visit) {
    visit(self.id, self.source, self.token, self.preshared_key);
  }
};

// Gives the lease back.
struct End {
  uint32_t id = 0;
  LeaseToken token;
  static void Fields(auto& self, auto& visit) { visit(self.id, self.token); }
};

using PortalToRegistrar = std::variant<Sign, Login, Renew, End>;

// ---- registrar to portal

struct Signature {
  uint32_t id = 0;
  std::string bytes;  // empty: refused
  static void Fields(auto& self, auto& visit) {
    visit(self.id, UpTo(self.bytes, kSignatureBytesMax));
  }
};

// Of a granted Login or Renew; the token is set only for a Login.
struct GivenLease {
  LeaseId lease{};
  LeaseToken token;
  std::vector<IpAddress> addresses;
  uint32_t expires_in_s = 0;
  uint32_t session_ends_in_s = 0;
  static void Fields(auto& self, auto& visit) {
    visit(self.lease, self.token, UpTo(self.addresses, kLeaseAddressesMax), self.expires_in_s,
          self.session_ends_in_s);
  }
};

// Answers Login, Renew and End.
struct Verdict {
  uint32_t id = 0;
  VerdictCode code = VerdictCode::kBusy;
  EndReason reason = EndReason::kNone;
  uint16_t retry_after_s = 0;
  std::optional<GivenLease> given;  // not for End
  static void Fields(auto& self, auto& visit) {
    visit(self.id, self.code, self.reason, self.retry_after_s, self.given);
  }
};

using RegistrarToPortal = std::variant<Signature, Verdict>;

// ---- registrar to supervisor

// Asks to let a lease's key into the relay, or to change its preshared key. Answered by GrantDone.
struct Grant {
  uint32_t id = 0;
  std::string user;
  std::string device;
  crypto::PublicKey public_key{};
  crypto::PresharedKey preshared_key;
  std::vector<IpAddress> addresses;
  static void Fields(auto& self, auto& visit) {
    visit(self.id, Label(self.user, kUserBytesMax), Label(self.device, kDeviceBytesMax),
          self.public_key, self.preshared_key, UpTo(self.addresses, kLeaseAddressesMax));
  }
};

// Asks to take a lease's key out of the relay. Answered by GrantDone.
struct Revoke {
  uint32_t id = 0;
  crypto::PublicKey public_key{};
  bool unless_used = false;  // not if a handshake of it was seen
  static void Fields(auto& self, auto& visit) { visit(self.id, self.public_key, self.unless_used); }
};

// How many leases an Admin ended, or that there is no such user. With kList a LeaseTable comes with
// it as sealed memory.
struct AdminDone {
  uint32_t id = 0;
  bool is_known = false;
  uint32_t ended = 0;
  static void Fields(auto& self, auto& visit) { visit(self.id, self.is_known, self.ended); }
};

// Whether the newest settings, keys or users are in use; otherwise the old ones are. Portals send
// it, too.
struct Applied {
  std::string error;  // empty: they are
  static void Fields(auto& self, auto& visit) { visit(Label(self.error, size_t{512})); }
};

using RegistrarToSupervisor = std::variant<Grant, Revoke, AdminDone, Applied>;

// ---- supervisor to registrar

enum class GrantResult : uint8_t {
  kDone,
  kRefused,    // outside of Pool, or for a user that there is not: the registrar is broken
  kKeyInUse,   // of a [Peer], or the gateway's
  kUsed,       // of a Revoke with unless_used: it has shaken hands, so it stays
  kRelayAway,  // the relay did not take it; nothing has changed
  kLast = kRelayAway,
};

struct GrantDone {
  uint32_t id = 0;
  GrantResult result = GrantResult::kRelayAway;
  static void Fields(auto& self, auto& visit) { visit(self.id, self.result); }
};

struct Admin {
  enum class Verb : uint8_t { kList, kRevoke, kLast = kRevoke };
  uint32_t id = 0;
  Verb verb = Verb::kList;
  std::string user;                             // whose leases to end
  std::optional<crypto::PublicKey> public_key;  // only this one
  static void Fields(auto& self, auto& visit) {
    visit(self.id, self.verb, Label(self.user, kUserBytesMax), self.public_key);
  }
};

// With a RegistrarSettings, KeyTable or UserTable as sealed memory.
struct NewSettings {
  static void Fields(auto& /*self*/, auto& /*visit*/) {}
};
struct NewKeys {
  static void Fields(auto& /*self*/, auto& /*visit*/) {}
};
struct NewUsers {
  static void Fields(auto& /*self*/, auto& /*visit*/) {}
};
// With the registrar's end of a channel to a portal that has just been started.
struct NewPortal {
  static void Fields(auto& /*self*/, auto& /*visit*/) {}
};

using SupervisorToRegistrar =
    std::variant<GrantDone, Admin, NewSettings, NewKeys, NewUsers, NewPortal>;

// ---- supervisor to portal

// With a PortalSettings as sealed memory, then the listeners, bound and listening.
struct NewPortalSettings {
  static void Fields(auto& /*self*/, auto& /*visit*/) {}
};
// With the portal's end of a channel to a registrar that has just been started.
struct NewRegistrar {
  static void Fields(auto& /*self*/, auto& /*visit*/) {}
};

using SupervisorToPortal = std::variant<NewPortalSettings, NewRegistrar>;

// ---- portal to supervisor

using PortalToSupervisor = std::variant<Applied>;

// The bytes of a message; empty: a field is beyond its bounds, or the message is longer than
// kMessageBytesMax.
template <typename Set>
SecretBytes EncodeMessage(const Set& message);
// nullopt: not a message of this set.
template <typename Set>
std::optional<Set> DecodeMessage(std::string_view bytes);

extern template SecretBytes EncodeMessage(const PortalToRegistrar&);
extern template SecretBytes EncodeMessage(const RegistrarToPortal&);
extern template SecretBytes EncodeMessage(const RegistrarToSupervisor&);
extern template SecretBytes EncodeMessage(const SupervisorToRegistrar&);
extern template SecretBytes EncodeMessage(const SupervisorToPortal&);
extern template SecretBytes EncodeMessage(const PortalToSupervisor&);
extern template std::optional<PortalToRegistrar> DecodeMessage(std::string_view);
extern template std::optional<RegistrarToPortal> DecodeMessage(std::string_view);
extern template std::optional<RegistrarToSupervisor> DecodeMessage(std::string_view);
extern template std::optional<SupervisorToRegistrar> DecodeMessage(std::string_view);
extern template std::optional<SupervisorToPortal> DecodeMessage(std::string_view);
extern template std::optional<PortalToSupervisor> DecodeMessage(std::string_view);

}  // namespace ringwire::enrol

#endif  // RINGWIRE_CORE_ENROL_MESSAGES_H_
