#include "core/control/peer_table.h"

#include "core/base/check.h"

namespace ringwire {

Peer& PeerTable::Add(const crypto::PublicKey& public_key, SharedState* shared) {
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(places_.size()));
    places_.emplace_back();
  }
  const uint32_t index = free_.back();
  const bool is_new = by_key_.emplace(public_key, index).second;
  CHECK(is_new);
  free_.pop_back();
  Place& place = places_[index];
  // Generation 0 is no peer.
  if (++place.generation == 0) ++place.generation;
  place.peer = std::make_unique<Peer>(PeerId{index, place.generation}, public_key, shared);
  return *place.peer;
}

void PeerTable::Remove(PeerId id) {
  Peer* const peer = Find(id);
  CHECK(peer != nullptr);
  by_key_.erase(peer->public_key());
  places_[id.index].peer.reset();
  free_.push_back(id.index);
}

Peer* PeerTable::Find(const crypto::PublicKey& public_key) const {
  const auto found = by_key_.find(public_key);
  return found == by_key_.end() ? nullptr : At(found->second);
}

Peer* PeerTable::Find(PeerId id) const {
  if (id.index >= places_.size() || places_[id.index].generation != id.generation) return nullptr;
  return At(id.index);
}

}  // namespace ringwire
