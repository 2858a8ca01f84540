#ifndef RINGWIRE_BENCH_LOAD_CLIENTS_H_
#define RINGWIRE_BENCH_LOAD_CLIENTS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/instant.h"
#include "core/noise/cookie.h"
#include "core/noise/handshake.h"
#include "core/noise/keypair.h"
#include "core/noise/tai64n.h"
#include "core/wire/messages.h"
#include "crypto/random.h"
#include "crypto/secret.h"

namespace ringwire::bench {

// Fast and repeatable numbers, for contents that nobody must guess.
class FastRandom final : public crypto::Random {
 public:
  explicit FastRandom(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}
  uint64_t Next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }
  void Fill(std::span<uint8_t> out) override;

 private:
  uint64_t state_;
};

// The static key of client `number`: the same in every run, so that a configuration can be written
// before the clients run.
crypto::PrivateKey KeyOfClient(uint32_t number);

// A client of one server with a static key of its own. It makes initiations and takes answers.
class Client {
 public:
  // `server`: the public key of the server.
  Client(uint32_t number, const crypto::PublicKey& server);

  // Makes the next initiation, with a later timestamp than the one before. Its macs are missing.
  void Prepare(crypto::Random& random);
  // The initiation with its macs; mac2 if a cookie is held.
  std::span<const uint8_t> Initiation(Instant now);
  // Takes a response to the last initiation. False: it is not valid.
  [[nodiscard]] bool TakeResponse(std::span<const uint8_t> message, SessionKeys* keys);
  // Takes a cookie for the next initiations. False: it is not valid.
  [[nodiscard]] bool TakeCookie(std::span<const uint8_t> message, Instant now);

  uint32_t number() const { return number_; }
  bool has_cookie() const { return has_cookie_; }

 private:
  const uint32_t number_;
  const LocalIdentity local_;
  RemoteIdentity server_;
  CookieGenerator cookies_;
  Tai64n timestamp_;
  PendingInitiation pending_;
  InitiationMessage message_{};
  bool has_cookie_ = false;
};

// Seals a packet under a session; an empty packet is a keepalive.
std::vector<uint8_t> Seal(const SessionKeys& keys, std::span<const uint8_t> packet,
                          uint64_t counter);

}  // namespace ringwire::bench

#endif  // RINGWIRE_BENCH_LOAD_CLIENTS_H_
