#include "tests/model/far_end.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/noise/transport.h"
#include "core/wire/messages.h"
#include "crypto/aead.h"
#include "crypto/x25519.h"

namespace ringwire::model {
namespace {

crypto::SymmetricKey SecretOf(SeededRandom& random) {
  crypto::SymmetricKey secret;
  random.Fill(secret.bytes());
  return secret;
}

template <typename Message>
Bytes BytesOf(const Message& message) {
  const std::span<const uint8_t> bytes = MessageBytes(message);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

FarEnd::FarEnd(uint64_t seed, int peer, const crypto::PublicKey& gateway)
    : peer_(peer),
      random_(seed),
      identity_(LocalIdentity::From(crypto::GeneratePrivateKey(random_))),
      remote_{.public_key = gateway, .static_static = {}, .preshared_key = {}},
      macs_(gateway),
      cookies_(identity_.public_key, SecretOf(random_), {}),
      next_index_(static_cast<uint32_t>(peer) << 24 | 1) {
  CHECK(remote_.Compute(identity_));
}

int FarEnd::Add(const SessionKeys& keys) {
  sessions_.push_back({keys, 0});
  return session_count();
}

Mail FarEnd::Initiation(Instant now, const Tai64n& stamp) {
  pending_.emplace();
  std::optional<InitiationMessage> message =
      CreateInitiation(identity_, remote_, next_index_++, stamp, random_, &*pending_);
  CHECK(message.has_value());
  macs_.AddMacs(MutableMessageBytes(*message), now);
  Mail mail{.kind = Mail::Kind::kInitiation, .peer = peer_, .bytes = BytesOf(*message)};
  mail.stamp = stamp;
  return mail;
}

std::optional<Mail> FarEnd::Respond(Instant now, const Bytes& initiation, int number) {
  const auto message = LoadMessage<InitiationMessage>(initiation);
  OpenedInitiation opened;
  if (OpenInitiationStatic(identity_, message, &opened).has_value() ||
      OpenInitiationTimestamp(remote_, message, &opened).has_value()) {
    return std::nullopt;
  }
  std::optional<CreatedResponse> created = CreateResponse(remote_, opened, next_index_++, random_);
  if (!created.has_value()) return std::nullopt;
  macs_.AddMacs(MutableMessageBytes(created->message), now);
  Mail mail{.kind = Mail::Kind::kResponse, .peer = peer_, .bytes = BytesOf(created->message)};
  mail.answers = number;
  mail.psk = remote_.preshared_key;
  mail.session = Add(created->keys);
  return mail;
}

Mail FarEnd::CookieReply(const Bytes& initiation, int number, const SocketAddress& gateway) {
  Mail mail{.kind = Mail::Kind::kCookieReply,
            .peer = peer_,
            .bytes = BytesOf(cookies_.CreateReply(initiation, gateway, random_))};
  mail.answers = number;
  return mail;
}

Mail FarEnd::Data(int session, const Bytes& packet, int number) {
  Session& under = sessions_.at(static_cast<size_t>(session) - 1);
  Mail mail{.kind = packet.empty() ? Mail::Kind::kKeepalive : Mail::Kind::kData, .peer = peer_};
  mail.session = session;
  mail.counter = under.next_counter++;
  mail.packet = number;
  const size_t padded = PaddedSize(packet.size(), 1420);
  mail.bytes.resize(padded + kTransportOverheadBytes);
  std::ranges::copy(packet, mail.bytes.begin() + kTransportHeaderBytes);
  StoreTransportHeader(mail.bytes.data(), under.keys.remote_index, mail.counter);
  const crypto::AeadKey key(under.keys.suite, under.keys.send);
  const crypto::SealSegment segment{mail.bytes.data() + kTransportHeaderBytes, padded};
  crypto::AeadEngine().SealRun(key, {&segment, 1}, mail.counter);
  return mail;
}

std::optional<bool> FarEnd::HasCookie(const Bytes& message, const SocketAddress& gateway) const {
  if (std::all_of(message.end() - 16, message.end(), [](uint8_t byte) { return byte == 0; })) {
    return std::nullopt;
  }
  return cookies_.IsMac2Valid(message, gateway);
}

int FarEnd::TakeResponse(const Bytes& response) {
  if (!pending_.has_value()) return 0;
  const auto result =
      ConsumeResponse(identity_, remote_, *pending_, LoadMessage<ResponseMessage>(response));
  const SessionKeys* const keys = std::get_if<SessionKeys>(&result);
  if (keys == nullptr) return 0;
  pending_.reset();
  return Add(*keys);
}

bool FarEnd::Open(const Bytes& message, int* session, uint64_t* counter, Bytes* plaintext) const {
  const uint32_t index = LoadLe32(message.data() + 4);
  *counter = LoadLe64(message.data() + 8);
  for (size_t i = 0; i < sessions_.size(); ++i) {
    if (sessions_[i].keys.local_index != index) continue;
    Bytes copy = message;
    const crypto::AeadKey key(sessions_[i].keys.suite, sessions_[i].keys.receive);
    crypto::OpenSegment segment{copy.data() + kTransportHeaderBytes,
                                copy.size() - kTransportHeaderBytes, *counter, false};
    crypto::AeadEngine().OpenRun(key, {&segment, 1});
    if (!segment.ok) return false;
    *session = static_cast<int>(i) + 1;
    plaintext->assign(copy.begin() + kTransportHeaderBytes, copy.end() - kTransportTagBytes);
    return true;
  }
  return false;
}

}  // namespace ringwire::model
