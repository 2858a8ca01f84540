#include "core/control/sessions.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/control/clock_notices.h"
#include "core/device/key_text.h"
#include "core/noise/transport.h"
#include "core/wire/constants.h"
#include "fmt/format.h"

namespace ringwire {
namespace {

constexpr auto kChaCha = static_cast<size_t>(crypto::AeadSuite::kChaCha20Poly1305);
constexpr auto kAes = static_cast<size_t>(crypto::AeadSuite::kAes256Gcm);

}  // namespace

Sessions::Sessions(SharedState* shared, crypto::Random* random, WorkerCounters* counters,
                   PeerTable* peers, const ControlOptions& options)
    : shared_(shared),
      random_(random),
      counters_(counters),
      peers_(peers),
      has_aes_(options.has_aes),
      keeps_endpoints_(options.keeps_endpoints) {}

void Sessions::SetIdentity(std::optional<LocalIdentity> identity) {
  identity_ = std::move(identity);
  ExpireAll();
  peers_->ForEach([](Peer& peer) { peer.ForgetStaticStatic(); });
}

void Sessions::ExpireAll() {
  ++epoch_;
  peers_->ForEach([this](Peer& peer) {
    DropPending(peer);
    peer.timers.initiate_at = Instant::InfiniteFuture();
    peer.timers.attempts = 0;
    peer.timers.initiate_not_before = Instant();
    peer.attempts = {};
    peer.keypairs.ExpireSending();
  });
}

void Sessions::Begin(const ControlCall& call, Peer& peer) {
  if (!identity_.has_value() || peer.endpoint == nullptr) return;
  if (peer.timers.handshake_under_way()) return;
  if (call.now < peer.timers.initiate_not_before) {
    peer.timers.initiate_at = peer.timers.initiate_not_before;
    return;
  }
  SendInitiation(call, peer);
}

void Sessions::SendInitiation(const ControlCall& call, Peer& peer) {
  DropPending(peer);
  peer.timers.initiate_not_before = call.now + kRekeyTimeout;
  const uint32_t index = shared_->index_table.Reserve(*random_, call.now);
  PendingInitiation pending;
  std::optional<InitiationMessage> message;
  if (peer.PrepareStaticStatic(*identity_)) {
    message = CreateInitiation(*identity_, peer.remote, index, NextTimestamp(call, peer), *random_,
                               &pending);
  }
  if (!message.has_value()) {
    shared_->index_table.Release(index);
    call.out->notices.push_back(
        {Notice::Level::kDebug, fmt::format("{}: no handshake is possible with this public key",
                                            PeerLabel(peer.public_key()))});
    Abandon(call, peer);
    return;
  }
  pending_.emplace(index, peer.id().index);
  ++counts_.initiator.started[pending.offered ? kAes : kChaCha];
  if (peer.attempts.initiations++ == 0) peer.first_initiation_at = call.now;
  peer.pending = std::move(pending);
  ++peer.timers.attempts;
  peer.timers.initiate_at = call.now + kRekeyTimeout + Jitter();
  peer.cookies.AddMacs(MutableMessageBytes(*message), call.now);
  Send(call, peer, MessageBytes(*message), kHandshakeTos);
  call.out->notices.push_back(
      {Notice::Level::kDebug, fmt::format("{}: initiation sent, attempt {}",
                                          PeerLabel(peer.public_key()), peer.timers.attempts)});
}

void Sessions::Abandon(const ControlCall& call, Peer& peer) {
  call.out->notices.push_back(
      {Notice::Level::kDebug, fmt::format("{}: handshake given up after {} attempts",
                                          PeerLabel(peer.public_key()), peer.timers.attempts)});
  DropPending(peer);
  peer.timers.initiate_at = Instant::InfiniteFuture();
  peer.timers.attempts = 0;
  if (peer.timers.zeroise_at.IsInfiniteFuture()) {
    peer.timers.zeroise_at = call.now + kZeroKeysAfterTime;
  }
  DropStaged(peer);
}

void Sessions::Confirm(const ControlCall& call, Peer& peer) {
  if (!peer.keypairs.Confirm(call.now)) return;
  // The peer has chosen this session; a new one of ours would only compete with it.
  DropPending(peer);
  Complete(call, peer);
  if (!peer.slot->staged.empty()) SendStaged(call, peer);
}

void Sessions::SendStaged(const ControlCall& call, Peer& peer) {
  if (!peer.CanSend(call.now)) {
    Begin(call, peer);
  } else if (!peer.slot->staged.empty()) {
    call.out->flush_staged.push_back(FlushStaged{peer.slot});
  }
}

void Sessions::SendKeepalive(const ControlCall& call, Peer& peer) {
  if (!peer.slot->staged.empty()) {
    SendStaged(call, peer);
    return;
  }
  const bool sent = peer.CanSend(call.now) && SealKeepalive(call, peer);
  if (!sent || peer.WantsRenewal(call.now)) Begin(call, peer);
}

bool Sessions::SealKeepalive(const ControlCall& call, Peer& peer) {
  std::array<uint8_t, kTransportOverheadBytes> message{};
  return SealAndSend(call, peer, message);
}

bool Sessions::SendProbe(const ControlCall& call, Peer& peer, const PathProbe& probe) {
  if (!peer.CanSend(call.now)) return false;
  const size_t bytes = probe.is_answer ? kPathProbeBytesMin : probe.bytes;
  std::vector<uint8_t> message(bytes + kTransportOverheadBytes);
  WritePathProbe(probe, std::span(message).subspan(kTransportHeaderBytes, bytes));
  if (!SealAndSend(call, peer, message)) return false;
  counters_->path_probes_sent.Add();
  return true;
}

bool Sessions::SealAndSend(const ControlCall& call, Peer& peer, std::span<uint8_t> message) {
  Keypair& current = *peer.keypairs.current();
  const std::optional<uint64_t> counter =
      current.ReserveCounters(1, message.size() - kTransportHeaderBytes);
  if (!counter.has_value() || peer.endpoint == nullptr) return false;
  StoreTransportHeader(message.data(), current.remote_index(), *counter);
  if (!engine_.has_value()) engine_.emplace();
  const crypto::SealSegment segment{message.data() + kTransportHeaderBytes,
                                    message.size() - kTransportOverheadBytes};
  engine_->SealRun(current.send_key(), {&segment, 1}, *counter);
  Send(call, peer, message, 0);
  return true;
}

void Sessions::Send(const ControlCall& call, Peer& peer, std::span<const uint8_t> message,
                    uint8_t tos) {
  OutgoingDatagram& datagram = call.out->datagrams.emplace_back();
  datagram.peer = peer.id();
  datagram.to = *peer.endpoint;
  datagram.tos = tos;
  datagram.Assign(message);
  peer.slot->transmit_bytes.fetch_add(message.size(), std::memory_order_relaxed);
  (void)peer.slot->activity.AuthenticatedSent(call.now);  // the caller arms the timers anyway
}

void Sessions::Complete(const ControlCall& call, Peer& peer) {
  peer.timers.initiate_at = Instant::InfiniteFuture();
  peer.timers.attempts = 0;
  peer.last_handshake = call.wall_now;
  if (keeps_endpoints_ && peer.endpoint != nullptr && !peer.endpoint_unconfirmed) {
    stamps_.NoteAlive(
        {identity_->public_key, peer.public_key(), peer.endpoint->remote, call.wall_now});
  }
  peer.unconfirmed_aes_responses = 0;
  peer.attempts = {};
  if (peer.path != nullptr) peer.path->SessionEstablished(call.now);
  const Keypair& current = *peer.keypairs.current();
  HandshakeCounts::Role& role = current.is_initiator() ? counts_.initiator : counts_.responder;
  ++role.completed[static_cast<size_t>(current.suite())];
  call.out->notices.push_back(
      {Notice::Level::kDebug,
       fmt::format("{}: session established, {}", PeerLabel(peer.public_key()),
                   crypto::AeadSuiteName(current.suite()))});
}

void Sessions::Clear(Instant now, Peer& peer) {
  DropPending(peer);
  peer.keypairs.Clear(now);
}

void Sessions::DropPending(Peer& peer) {
  if (!peer.pending.has_value()) return;
  pending_.erase(peer.pending->local_index);
  shared_->index_table.Release(peer.pending->local_index);
  peer.pending.reset();
}

void Sessions::DropStaged(Peer& peer) {
  counters_->Drop(DropReason::kStagedAbandoned, peer.slot->staged.Clear());
}

Tai64n Sessions::NextTimestamp(const ControlCall& call, Peer& peer) {
  const bool offer = IsAesUsable(peer);
  Tai64n timestamp = Tai64n::From(call.wall_now);
  if (offer) timestamp = timestamp.WithOffer();
  if (timestamp <= peer.last_stamp_sent) {
    const absl::Time last = peer.last_stamp_sent.ToTime();
    if (!clock_warned_ && last - call.wall_now > kClockTolerance) {
      clock_warned_ = true;
      call.out->notices.push_back(OwnClockBehind(peer.public_key(), call.wall_now, last));
    }
    timestamp = peer.last_stamp_sent.Successor();
    if (offer) timestamp = timestamp.WithOffer();
  }
  peer.last_stamp_sent = timestamp;
  return timestamp;
}

bool Sessions::IsAesUsable(const Peer& peer) const {
  return has_aes_ && transport_cipher_ == TransportCipher::kAuto &&
         peer.transport_cipher == TransportCipher::kAuto;
}

crypto::AeadSuite Sessions::ChooseSuite(const Peer& peer, const Tai64n& timestamp) const {
  // An initiator that never accepts an answer in AES-256-GCM may have made no offer: its timestamp
  // may end in the code by accident. With the cap it gets through.
  const bool accept = timestamp.HasOffer() && IsAesUsable(peer) &&
                      peer.unconfirmed_aes_responses < kUnconfirmedAesResponsesMax;
  return accept ? crypto::AeadSuite::kAes256Gcm : crypto::AeadSuite::kChaCha20Poly1305;
}

absl::Duration Sessions::Jitter() {
  const auto steps = static_cast<int64_t>(random_->Uint32());
  return kRekeyTimeoutJitterMax * steps / (int64_t{1} << 32);
}

}  // namespace ringwire
