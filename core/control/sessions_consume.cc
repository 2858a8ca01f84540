// Sessions: received messages, each with its checks in order.

#include <memory>
#include <utility>

#include "core/base/endian.h"
#include "core/control/clock_notices.h"
#include "core/control/sessions.h"
#include "core/device/key_text.h"
#include "core/wire/constants.h"
#include "fmt/format.h"

namespace ringwire {

Peer* Sessions::Consume(const ControlCall& call, const HandshakeDatagram& datagram) {
  const Consumed consumed = Dispatch(call, datagram);
  if (const DropReason* const reason = std::get_if<DropReason>(&consumed)) {
    counters_->Drop(*reason);
    return nullptr;
  }
  return std::get<Peer*>(consumed);
}

Sessions::Consumed Sessions::Dispatch(const ControlCall& call, const HandshakeDatagram& datagram) {
  // The worker checked the same; both may have changed while the message was queued.
  if (!shared_->device_up.load()) return DropReason::kDeviceDown;
  if (!identity_.has_value()) return DropReason::kNoPrivateKey;
  const std::span<const uint8_t> message = datagram.message();
  const std::variant<MessageKind, DropReason> kind = ClassifyMessage(message);
  if (const DropReason* const reason = std::get_if<DropReason>(&kind)) return *reason;
  switch (std::get<MessageKind>(kind)) {
    case MessageKind::kInitiation:
      return ConsumeInitiation(call, LoadMessage<InitiationMessage>(message), datagram.from);
    case MessageKind::kResponse:
      return ConsumeResponse(call, LoadMessage<ResponseMessage>(message), datagram.from);
    case MessageKind::kCookieReply:
      return ConsumeCookieReply(call, LoadMessage<CookieReplyMessage>(message));
    case MessageKind::kTransport:
      break;  // workers handle these
  }
  return DropReason::kUnknownMessageType;
}

Sessions::Consumed Sessions::ConsumeInitiation(const ControlCall& call,
                                               const InitiationMessage& message,
                                               const Endpoint& from) {
  OpenedInitiation opened;
  if (const auto refused = OpenInitiationStatic(*identity_, message, &opened)) return *refused;
  Peer* const peer = peers_->Find(opened.remote_static);
  if (peer == nullptr) {
    unknown_key_.Note(call.now, from.remote);
    last_unknown_key_ = opened.remote_static;
    return DropReason::kUnknownPeer;
  }
  if (!peer->PrepareStaticStatic(*identity_)) return DropReason::kZeroSharedSecret;
  if (const auto refused = OpenInitiationTimestamp(peer->remote, message, &opened)) return *refused;
  if (const auto refused = CheckTimestamp(call, *peer, opened.timestamp)) return *refused;
  // Authentic and new. Check and commit are one step (rule 14): no other initiation comes between.
  stamps_.Raise(call.now, {identity_->public_key, peer->public_key(), opened.timestamp});
  peer->accept_initiation_at = call.now + kInitiationInterval;
  Received(call, *peer, sizeof message, from);
  return Respond(call, *peer, opened);
}

std::optional<DropReason> Sessions::CheckTimestamp(const ControlCall& call, Peer& peer,
                                                   const Tai64n& timestamp) {
  const std::optional<Tai64n> greatest = stamps_.Find(identity_->public_key, peer.public_key());
  if (greatest.has_value() && timestamp <= *greatest) {
    const absl::Duration behind = greatest->ToTime() - timestamp.ToTime();
    if (!peer.clock_warned && behind > kClockTolerance) {
      peer.clock_warned = true;
      call.out->notices.push_back(PeerClockBehind(peer.public_key(), timestamp, *greatest));
    }
    return DropReason::kInitiationReplayed;
  }
  if (call.now < peer.accept_initiation_at) return DropReason::kInitiationFlood;
  return std::nullopt;
}

Sessions::Consumed Sessions::Respond(const ControlCall& call, Peer& peer,
                                     const OpenedInitiation& opened) {
  // A session confirmed just now must not be discarded as unconfirmed.
  Confirm(call, peer);
  const uint32_t index = shared_->index_table.Reserve(*random_, call.now);
  const crypto::AeadSuite suite = ChooseSuite(peer, opened.timestamp);
  std::optional<CreatedResponse> response =
      CreateResponse(peer.remote, opened, index, *random_, suite);
  if (!response.has_value()) {
    shared_->index_table.Release(index);
    return DropReason::kZeroSharedSecret;
  }
  if (suite == crypto::AeadSuite::kAes256Gcm) ++peer.unconfirmed_aes_responses;
  ++counts_.responder.started[static_cast<size_t>(suite)];
  ++peer.attempts.responses;
  peer.timers.initiate_not_before = call.now + kRekeyTimeout;  // rule 17
  peer.timers.zeroise_at = call.now + kZeroKeysAfterTime;
  peer.keypairs.AddAsResponder(std::make_shared<Keypair>(response->keys, peer.slot.get(), call.now),
                               call.now);
  peer.cookies.AddMacs(MutableMessageBytes(response->message), call.now);
  Send(call, peer, MessageBytes(response->message), kHandshakeTos);
  call.out->notices.push_back({Notice::Level::kDebug, fmt::format("{}: initiation answered",
                                                                  PeerLabel(peer.public_key()))});
  return &peer;
}

Sessions::Consumed Sessions::ConsumeResponse(const ControlCall& call,
                                             const ResponseMessage& message, const Endpoint& from) {
  const auto found = pending_.find(LoadLe32(message.receiver_index));
  if (found == pending_.end()) return DropReason::kResponseUnknownIndex;
  Peer& peer = *peers_->At(found->second);
  // A refused response changes no session: otherwise anybody who saw the initiation could end the
  // handshake (rule 1).
  const std::variant<SessionKeys, DropReason> result =
      ringwire::ConsumeResponse(*identity_, peer.remote, *peer.pending, message);
  if (const DropReason* const reason = std::get_if<DropReason>(&result)) {
    ++peer.attempts.misfits;
    return *reason;
  }
  // The index stays reserved: the session takes it over.
  pending_.erase(found);
  peer.pending.reset();
  Confirm(call, peer);
  Received(call, peer, sizeof message, from);
  peer.timers.zeroise_at = call.now + kZeroKeysAfterTime;
  peer.keypairs.AddAsInitiator(
      std::make_shared<Keypair>(std::get<SessionKeys>(result), peer.slot.get(), call.now),
      call.now);
  Complete(call, peer);
  SendKeepalive(call, peer);  // tells the responder that the session is established
  return &peer;
}

Sessions::Consumed Sessions::ConsumeCookieReply(const ControlCall& call,
                                                const CookieReplyMessage& message) {
  const uint32_t index = LoadLe32(message.receiver_index);
  Peer* peer = nullptr;
  if (const auto found = pending_.find(index); found != pending_.end()) {
    peer = peers_->At(found->second);
  } else if (const Keypair* const keypair = shared_->index_table.Find(index)) {
    // A loaded initiator demands a cookie too, for our response.
    Peer* const responder = peers_->Find(keypair->peer()->id);
    if (responder != nullptr && responder->keypairs.next() == keypair) peer = responder;
  }
  if (peer == nullptr) return DropReason::kCookieReplyUnknownIndex;
  if (!peer->cookies.ConsumeReply(message, call.now)) return DropReason::kCookieReplyInvalid;
  return peer;
}

void Sessions::Received(const ControlCall& call, Peer& peer, size_t bytes, const Endpoint& from) {
  peer.MoveEndpoint(from, shared_, call.now);
  peer.slot->receive_bytes.fetch_add(bytes, std::memory_order_relaxed);
  (void)peer.slot->activity.AuthenticatedReceived(call.now);  // the caller arms the timers anyway
}

}  // namespace ringwire
