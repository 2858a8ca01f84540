#include "core/control/peer.h"

#include <utility>

#include "core/base/limits.h"
#include "core/wire/constants.h"

namespace ringwire {

Peer::Peer(PeerId peer_id, const crypto::PublicKey& public_key, SharedState* shared)
    : slot(std::make_shared<PeerSlot>(peer_id, &shared->staged_pool)),
      remote{.public_key = public_key, .static_static = {}, .preshared_key = {}},
      cookies(public_key),
      keypairs(shared, slot.get()) {}

bool Peer::CanSend(Instant now) const {
  const Keypair* const current = keypairs.current();
  return current != nullptr && current->CanSend(now) &&
         current->HasRoomFor(kStagedPacketsPerPeerMax, kStagedPacketsPerPeerMax * kTrainBytesMax);
}

bool Peer::WantsRenewal(Instant now) const {
  const Keypair* const current = keypairs.current();
  return current != nullptr && (now >= current->rekey_on_send_at() || current->WantsRekeyByUse());
}

bool Peer::PrepareStaticStatic(const LocalIdentity& local) {
  if (static_static_known) return !remote.static_static.IsZero();
  static_static_known = true;
  return remote.Compute(local);
}

void Peer::ForgetStaticStatic() {
  remote.static_static.Zero();
  static_static_known = false;
}

void Peer::MoveEndpoint(const Endpoint& to, SharedState* shared, Instant now) {
  if (!to.remote.address.IsSet() || (endpoint != nullptr && *endpoint == to)) return;
  if (endpoint != nullptr && endpoint->remote.address != to.remote.address) ForgetPath();
  std::shared_ptr<Endpoint> replaced = std::exchange(endpoint, std::make_shared<Endpoint>(to));
  slot->endpoint.store(endpoint.get());
  shared->known_sources.Add(to.remote.address);
  if (replaced != nullptr) shared->quiescence.Retire(std::move(replaced), now);
}

void Peer::PublishPath() {
  if (path == nullptr) return;
  const PathMtu::Limits limits = path->limits();
  slot->path.Publish(limits.packet_bytes_max, limits.watch);
}

void Peer::ForgetPath() {
  if (path == nullptr) return;
  path.reset();
  slot->path.Publish(0, /*watch=*/true);
}

void Peer::ForgetSourceAddress(SharedState* shared, Instant now) {
  if (endpoint == nullptr) return;
  MoveEndpoint(Endpoint{.remote = endpoint->remote, .local = {}, .local_interface = 0}, shared,
               now);
}

}  // namespace ringwire
