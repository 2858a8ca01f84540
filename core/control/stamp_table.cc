#include "core/control/stamp_table.h"

namespace ringwire {

std::optional<Tai64n> StampTable::Find(const crypto::PublicKey& local,
                                       const crypto::PublicKey& peer) const {
  const auto found = places_.find(Key(local, peer));
  if (found == places_.end()) return std::nullopt;
  return found->second->greatest;
}

void StampTable::Raise(const HandshakeStamp& stamp) {
  const Key key(stamp.local_public_key, stamp.peer_public_key);
  const auto found = places_.find(key);
  if (found != places_.end()) {
    const Place place = found->second;
    if (stamp.greatest <= place->greatest) return;
    place->greatest = stamp.greatest;
    stamps_.splice(stamps_.end(), stamps_, place);
    ++version_;
    return;
  }
  if (stamps_.size() >= capacity_) {
    const HandshakeStamp& oldest = stamps_.front();
    places_.erase(Key(oldest.local_public_key, oldest.peer_public_key));
    stamps_.pop_front();
  }
  places_.emplace(key, stamps_.insert(stamps_.end(), stamp));
  ++version_;
}

bool StampTable::Forget(const crypto::PublicKey& peer) {
  bool known = false;
  for (Place place = stamps_.begin(); place != stamps_.end();) {
    if (place->peer_public_key != peer) {
      ++place;
      continue;
    }
    places_.erase(Key(place->local_public_key, peer));
    place = stamps_.erase(place);
    known = true;
  }
  if (known) ++version_;
  return known;
}

}  // namespace ringwire
