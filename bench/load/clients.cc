#include "bench/load/clients.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <variant>

#include "absl/time/clock.h"
#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/noise/transport.h"
#include "crypto/aead.h"
#include "crypto/blake2s.h"
#include "crypto/x25519.h"

namespace ringwire::bench {

void FastRandom::Fill(std::span<uint8_t> out) {
  while (!out.empty()) {
    std::array<uint8_t, 8> bytes;
    StoreLe64(bytes.data(), Next());
    const size_t size = std::min(out.size(), bytes.size());
    std::copy_n(bytes.begin(), size, out.begin());
    out = out.subspan(size);
  }
}

crypto::PrivateKey KeyOfClient(uint32_t number) {
  std::array<uint8_t, 4> bytes;
  StoreLe32(bytes.data(), number);
  const crypto::Hash hash = crypto::Blake2s(bytes);
  crypto::PrivateKey key;
  std::ranges::copy(hash, key.bytes().begin());
  crypto::Clamp(&key);
  return key;
}

Client::Client(uint32_t number, const crypto::PublicKey& server)
    : number_(number), local_(LocalIdentity::From(KeyOfClient(number))), cookies_(server) {
  server_.public_key = server;
  CHECK(server_.Compute(local_));
}

void Client::Prepare(crypto::Random& random) {
  const Tai64n now = Tai64n::From(absl::Now());
  timestamp_ = now > timestamp_ ? now : timestamp_.Successor();
  const std::optional<InitiationMessage> made =
      CreateInitiation(local_, server_, number_, timestamp_, random, &pending_);
  CHECK(made.has_value());
  message_ = *made;
}

std::span<const uint8_t> Client::Initiation(Instant now) {
  cookies_.AddMacs(MutableMessageBytes(message_), now);
  return MessageBytes(message_);
}

bool Client::TakeResponse(std::span<const uint8_t> message, SessionKeys* keys) {
  if (message.size() != sizeof(ResponseMessage)) return false;
  const std::variant<SessionKeys, DropReason> result =
      ConsumeResponse(local_, server_, pending_, LoadMessage<ResponseMessage>(message));
  if (std::holds_alternative<DropReason>(result)) return false;
  *keys = std::get<SessionKeys>(result);
  return true;
}

bool Client::TakeCookie(std::span<const uint8_t> message, Instant now) {
  if (message.size() != sizeof(CookieReplyMessage)) return false;
  const bool taken = cookies_.ConsumeReply(LoadMessage<CookieReplyMessage>(message), now);
  has_cookie_ = has_cookie_ || taken;
  return taken;
}

std::vector<uint8_t> Seal(const SessionKeys& keys, std::span<const uint8_t> packet,
                          uint64_t counter) {
  const size_t padded = PaddedSize(packet.size(), 0);
  std::vector<uint8_t> message(padded + kTransportOverheadBytes);
  StoreTransportHeader(message.data(), keys.remote_index, counter);
  std::ranges::copy(packet, message.begin() + kTransportHeaderBytes);
  const crypto::AeadKey key(keys.suite, keys.send);
  const crypto::SealSegment segment{message.data() + kTransportHeaderBytes, padded};
  crypto::AeadEngine().SealRun(key, {&segment, 1}, counter);
  return message;
}

}  // namespace ringwire::bench
