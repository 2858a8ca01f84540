#ifndef RINGWIRE_TESTS_MODEL_FAR_END_H_
#define RINGWIRE_TESTS_MODEL_FAR_END_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/instant.h"
#include "core/noise/cookie.h"
#include "core/noise/handshake.h"
#include "core/noise/tai64n.h"
#include "core/wire/address.h"
#include "crypto/secret.h"
#include "tests/support/packet_builder.h"
#include "tests/support/seeded_random.h"

namespace ringwire::model {

// A message of a far end to the gateway, with what the model must know of it.
struct Mail {
  enum class Kind : uint8_t { kInitiation, kResponse, kData, kKeepalive, kCookieReply };
  Kind kind = Kind::kInitiation;
  int peer = 0;
  Bytes bytes{};
  Tai64n stamp{};              // initiation
  int answers = 0;             // response, cookie reply: the number of the gateway's initiation
  crypto::PresharedKey psk{};  // response
  int session = 0;             // response: that it begins; data: under which it is sealed
  uint64_t counter = 0;        // data
  int packet = 0;              // data: its number; 0: a source that the gateway does not allow
};

// The other end of a tunnel, without any logic of its own: it makes and opens the messages that the
// test asks for.
class FarEnd {
 public:
  FarEnd(uint64_t seed, int peer, const crypto::PublicKey& gateway);

  const crypto::PublicKey& public_key() const { return identity_.public_key; }
  void set_psk(const crypto::PresharedKey& psk) { remote_.preshared_key = psk; }
  int session_count() const { return static_cast<int>(sessions_.size()); }

  Mail Initiation(Instant now, const Tai64n& stamp);
  // The answer to the gateway's initiation, whose session this end then has.
  std::optional<Mail> Respond(Instant now, const Bytes& initiation, int number);
  Mail CookieReply(const Bytes& initiation, int number, const SocketAddress& gateway);
  Mail Data(int session, const Bytes& packet, int number);

  // Whether mac2 holds the cookie that CookieReply() gave to this address; nullopt: mac2 is zero.
  std::optional<bool> HasCookie(const Bytes& message, const SocketAddress& gateway) const;
  // The session that a response of the gateway begins; 0: it is not for our last initiation.
  int TakeResponse(const Bytes& response);
  // Opens a transport message. False: it fits no session of this end.
  bool Open(const Bytes& message, int* session, uint64_t* counter, Bytes* plaintext) const;

 private:
  struct Session {
    SessionKeys keys;
    uint64_t next_counter = 0;
  };
  int Add(const SessionKeys& keys);

  const int peer_;
  mutable SeededRandom random_;
  LocalIdentity identity_;
  RemoteIdentity remote_;
  CookieGenerator macs_;
  CookieChecker cookies_;
  std::optional<PendingInitiation> pending_;
  uint32_t next_index_;
  std::vector<Session> sessions_;  // number 1 is the first
};

}  // namespace ringwire::model

#endif  // RINGWIRE_TESTS_MODEL_FAR_END_H_
