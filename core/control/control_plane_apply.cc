// ControlPlane: changes of the configuration.

#include <optional>
#include <utility>
#include <vector>

#include "core/base/status_macros.h"
#include "core/control/control_plane_impl.h"
#include "core/device/validate.h"
#include "core/wire/constants.h"
#include "crypto/x25519.h"

namespace ringwire {
absl::Status ControlPlane::Apply(Instant now, absl::Time wall_now, const DeviceUpdate& update,
                                 ControlOutput* out) {
  RETURN_IF_ERROR(Validate(update));
  impl_->Apply(ControlCall{now, wall_now, out}, update);
  impl_->Finish(now);
  return absl::OkStatus();
}

absl::Status ControlPlane::Validate(const DeviceUpdate& update) const {
  const auto has_peer = [this](const crypto::PublicKey& key) {
    return impl_->peers.Find(key) != nullptr;
  };
  return ringwire::Validate(update, {.peer_count = impl_->peers.size(), .has_peer = has_peer});
}

void ControlPlane::Impl::Apply(const ControlCall& call, const DeviceUpdate& update) {
  if (update.private_key.has_value()) ApplyPrivateKey(call, *update.private_key);
  if (update.listen_port.has_value()) shared->listen_port.store(*update.listen_port);
  if (update.fwmark.has_value()) fwmark = *update.fwmark;
  if (update.transport_cipher.has_value()) {
    sessions.set_transport_cipher(*update.transport_cipher);
  }
  if (update.replace_peers) {
    RemoveAllPeers(call.now);
  }
  // A peer starts after all of its settings have taken effect, routes included.
  std::vector<Starting> starting;
  for (const PeerUpdate& peer : update.peers) ApplyPeer(call, peer, &starting);
  CommitRemovals(call.now);
  size_t started = 0;
  for (const Starting& one : starting) {
    if (Peer* const peer = peers.Find(one.peer)) {
      StartInTurn(call, *peer, one.keepalive, &started);
    }
  }
  ResumePeers(call.now);
}

void ControlPlane::Impl::ApplyPrivateKey(const ControlCall& call, const crypto::PrivateKey& key) {
  const bool had_key = sessions.identity().has_value();
  if (key.IsZero()) {
    if (!had_key) return;
    sessions.SetIdentity(std::nullopt);
    cookie_secret.Clear(call.now);
    peers.ForEach([&](Peer& peer) { Arm(call.now, peer); });
    return;
  }
  crypto::PrivateKey clamped = key;
  crypto::Clamp(&clamped);
  if (had_key && sessions.identity()->private_key == clamped) return;

  const LocalIdentity identity = LocalIdentity::From(clamped);
  if (Peer* const self = peers.Find(identity.public_key)) {
    Remove(call.now, *self);
    CommitRemovals(call.now);
  }
  sessions.SetIdentity(identity);
  cookie_secret.SetPublicKey(identity.public_key, call.now);
  // Staged packets stay, for the new key. Keepalives need no action: with a first key they are due,
  // with a new one their timers continue.
  size_t started = 0;
  peers.ForEach([&](Peer& peer) { StartInTurn(call, peer, false, &started); });
}

void ControlPlane::Impl::ApplyPeer(const ControlCall& call, const PeerUpdate& update,
                                   std::vector<Starting>* starting) {
  Peer* peer = peers.Find(update.public_key);
  if (update.remove) {
    if (peer != nullptr) Remove(call.now, *peer);
    return;
  }
  if (peer == nullptr) {
    const std::optional<LocalIdentity>& identity = sessions.identity();
    const bool is_self = identity.has_value() && identity->public_key == update.public_key;
    if (update.update_only || is_self) return;
    peer = &peers.Add(update.public_key, shared);
    peer->timers.unanswered_jitter = sessions.Jitter();
    if (identity.has_value()) {
      const std::optional<SocketAddress> live =
          warm_restart.Add(call.now, identity->public_key, update.public_key, peer->id());
      // An endpoint of the configuration replaces it below.
      if (live.has_value()) {
        peer->MoveEndpoint(Endpoint{.remote = *live, .local = {}, .local_interface = 0}, shared,
                           call.now);
      }
    }
  }
  const bool had_endpoint = peer->endpoint != nullptr;
  const uint16_t old_keepalive = peer->persistent_keepalive_seconds;
  if (update.preshared_key.has_value() && update.preshared_key != peer->remote.preshared_key) {
    peer->remote.preshared_key = *update.preshared_key;
    peer->attempts = {};
  }
  if (update.name.has_value()) peer->name = *update.name;
  if (update.endpoint_name.has_value()) peer->endpoint_name = *update.endpoint_name;
  if (update.transport_cipher.has_value()) peer->transport_cipher = *update.transport_cipher;
  if (update.endpoint.has_value() &&
      (!had_endpoint || peer->endpoint->remote != *update.endpoint)) {
    peer->MoveEndpoint(Endpoint{.remote = *update.endpoint, .local = {}, .local_interface = 0},
                       shared, call.now);
  }
  ApplyAllowedIps(update, *peer);
  if (update.persistent_keepalive_seconds.has_value()) {
    peer->persistent_keepalive_seconds = *update.persistent_keepalive_seconds;
    peer->timers.persistent_not_before = Instant();
  }
  // When it is on and the endpoint is known, the first one is sent at once.
  const bool keepalive =
      peer->persistent_keepalive_seconds > 0 && (old_keepalive == 0 || !had_endpoint);
  starting->push_back({peer->id(), keepalive});
}

void ControlPlane::Impl::ApplyAllowedIps(const PeerUpdate& update, Peer& peer) {
  if (update.replace_allowed_ips) shared->allowed_ips.RemoveAll(peer.slot.get());
  for (const AllowedIpChange& change : update.allowed_ips) {
    if (change.remove) {
      shared->allowed_ips.Remove(change.prefix, peer.slot.get());
    } else {
      shared->allowed_ips.Insert(change.prefix, peer.slot.get());
    }
  }
}

void ControlPlane::Impl::Remove(Instant now, Peer& peer) {
  peer.slot->endpoint.store(nullptr);
  sessions.Clear(now, peer);
  sessions.DropStaged(peer);
  shared->allowed_ips.RemoveAll(peer.slot.get());
  if (peer.endpoint != nullptr) shared->quiescence.Retire(std::move(peer.endpoint), now);
  deadlines.Remove(peer.id().index);
  if (sessions.identity().has_value()) {
    sessions.stamps().Touch(now, sessions.identity()->public_key, peer.public_key());
  }
  removed.push_back(peer.slot);
  peers.Remove(peer.id());
}

// Clears the routes first: after that a peer has none to be removed one by one.
void ControlPlane::Impl::RemoveAllPeers(Instant now) {
  shared->allowed_ips.Clear();
  peers.ForEach([&](Peer& peer) { Remove(now, peer); });
}

void ControlPlane::Impl::CommitRemovals(Instant now) {
  shared->allowed_ips.Commit(now);
  for (std::shared_ptr<PeerSlot>& slot : removed) shared->quiescence.Retire(std::move(slot), now);
  removed.clear();
}

}  // namespace ringwire
