#include "core/noise/cookie.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/wire/constants.h"
#include "crypto/xaead.h"

namespace ringwire {
namespace {

constexpr std::string_view kMac1Label = "mac1----";
constexpr std::string_view kCookieLabel = "cookie--";

constexpr size_t kMacBytes = std::tuple_size_v<crypto::Mac16>;
constexpr size_t kMacsBytes = 2 * kMacBytes;
// Both messages have their sender's index at the same place.
constexpr size_t kSenderIndexOffset = offsetof(InitiationMessage, sender_index);
static_assert(kSenderIndexOffset == offsetof(ResponseMessage, sender_index));
static_assert(offsetof(InitiationMessage, mac1) == sizeof(InitiationMessage) - kMacsBytes);
static_assert(offsetof(ResponseMessage, mac1) == sizeof(ResponseMessage) - kMacsBytes);

// The parts of a message that its macs cover, and the macs themselves. Byte is uint8_t or const
// uint8_t.
template <typename Byte>
struct MacFields {
  explicit MacFields(std::span<Byte> message)
      : before_mac1(message.first(message.size() - kMacsBytes)),
        before_mac2(message.first(message.size() - kMacBytes)),
        mac1(message.subspan(message.size() - kMacsBytes, kMacBytes)),
        mac2(message.last(kMacBytes)) {}

  std::span<const uint8_t> before_mac1;
  std::span<const uint8_t> before_mac2;
  std::span<Byte> mac1;
  std::span<Byte> mac2;
};

crypto::SymmetricKey LabelledKey(std::string_view label, const crypto::PublicKey& public_key) {
  const std::span<const uint8_t> label_bytes(reinterpret_cast<const uint8_t*>(label.data()),
                                             label.size());
  return crypto::SymmetricKey(crypto::Blake2s(label_bytes, public_key));
}

// MAC16(secret, address || port), the port in network order (rule 11).
Cookie MakeCookie(const crypto::SymmetricKey& secret, const SocketAddress& source) {
  std::array<uint8_t, sizeof(uint16_t)> port;
  StoreBe16(port.data(), source.port);
  const size_t address_bytes = static_cast<size_t>(source.address.Bits()) / 8;
  return crypto::Blake2sMac16(secret.bytes(), std::span(source.address.bytes).first(address_bytes),
                              port);
}

}  // namespace

CookieChecker::CookieChecker(const crypto::PublicKey& local_public_key,
                             const crypto::SymmetricKey& secret,
                             const crypto::SymmetricKey& previous_secret)
    : mac1_key_(LabelledKey(kMac1Label, local_public_key)),
      cookie_key_(LabelledKey(kCookieLabel, local_public_key)),
      secret_(secret),
      previous_secret_(previous_secret) {}

bool CookieChecker::IsMac1Valid(std::span<const uint8_t> message) const {
  if (message.size() < kMacsBytes) return false;
  const MacFields fields(message);
  return crypto::ConstantTimeEqual(crypto::Blake2sMac16(mac1_key_.bytes(), fields.before_mac1),
                                   fields.mac1);
}

bool CookieChecker::IsMac2Valid(std::span<const uint8_t> message,
                                const SocketAddress& source) const {
  if (message.size() < kMacsBytes || !source.address.IsSet()) return false;
  const MacFields fields(message);
  // Zeros mean "I have no cookie"; this common case of a first initiation needs no computation.
  constexpr crypto::Mac16 kNoMac{};
  if (crypto::ConstantTimeEqual(fields.mac2, kNoMac)) return false;

  for (const crypto::SymmetricKey* secret : {&secret_, &previous_secret_}) {
    // Anybody could compute a cookie under an unset secret.
    if (secret->IsZero()) continue;
    const Cookie cookie = MakeCookie(*secret, source);
    if (crypto::ConstantTimeEqual(crypto::Blake2sMac16(cookie, fields.before_mac2), fields.mac2)) {
      return true;
    }
  }
  return false;
}

CookieReplyMessage CookieChecker::CreateReply(std::span<const uint8_t> message,
                                              const SocketAddress& source,
                                              crypto::Random& random) const {
  DCHECK(message.size() > kMacsBytes && source.address.IsSet() && !secret_.IsZero());
  CookieReplyMessage reply;
  StoreLe32(reply.type, kMessageCookieReply);
  std::copy_n(message.begin() + kSenderIndexOffset, sizeof reply.receiver_index,
              reply.receiver_index);
  random.Fill(reply.nonce);
  crypto::XAeadSeal(cookie_key_, reply.nonce, MakeCookie(secret_, source), MacFields(message).mac1,
                    reply.encrypted_cookie);
  return reply;
}

CookieGenerator::CookieGenerator(const crypto::PublicKey& remote_public_key)
    : mac1_key_(LabelledKey(kMac1Label, remote_public_key)),
      cookie_key_(LabelledKey(kCookieLabel, remote_public_key)) {}

void CookieGenerator::AddMacs(std::span<uint8_t> message, Instant now) {
  CHECK(message.size() > kMacsBytes);
  const MacFields fields(message);
  const crypto::Mac16 mac1 = crypto::Blake2sMac16(mac1_key_.bytes(), fields.before_mac1);
  std::copy(mac1.begin(), mac1.end(), fields.mac1.begin());
  last_mac1_ = mac1;

  crypto::Mac16 mac2{};
  if (now < cookie_until_) mac2 = crypto::Blake2sMac16(cookie_, fields.before_mac2);
  std::copy(mac2.begin(), mac2.end(), fields.mac2.begin());
}

bool CookieGenerator::ConsumeReply(const CookieReplyMessage& reply, Instant now) {
  if (!last_mac1_) return false;
  Cookie cookie;
  if (!crypto::XAeadOpen(cookie_key_, reply.nonce, reply.encrypted_cookie, *last_mac1_, cookie)) {
    return false;
  }
  cookie_ = cookie;
  // Expires a little before the replier may forget its secret, to allow for a message's travel
  // time.
  cookie_until_ = now + (kCookieSecretMaxAge - kCookieSecretLatency);
  last_mac1_.reset();
  return true;
}

}  // namespace ringwire
