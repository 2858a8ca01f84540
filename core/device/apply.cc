#include "core/device/apply.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"

namespace ringwire {
namespace {

PeerStatus NewPeer(const crypto::PublicKey& key) {
  PeerStatus peer;
  peer.public_key = key;
  return peer;
}

// Cryptokey routing gives every prefix to at most one peer: the last one to claim it.
class PeersModel {
 public:
  explicit PeersModel(std::vector<PeerStatus> peers);
  void Apply(const PeerUpdate& update);
  // The model is unusable afterwards.
  std::vector<PeerStatus> Take();

 private:
  struct Entry {
    PeerStatus peer;  // its allowed IPs are in `owners_`
    bool is_removed = false;
    uint64_t generation = 0;  // of its prefixes: raised to drop all of them at once
  };
  struct Owner {
    size_t index = 0;
    uint64_t generation = 0;
  };

  size_t Add(PeerStatus peer);
  void ApplyAllowedIps(const PeerUpdate& update, size_t index);

  std::vector<Entry> entries_;  // a removed one stays and is never used again
  absl::flat_hash_map<crypto::PublicKey, size_t> index_by_key_;
  absl::btree_map<Prefix, Owner> owners_;  // may name owners that dropped the prefix
};

PeersModel::PeersModel(std::vector<PeerStatus> peers) {
  entries_.reserve(peers.size());
  for (PeerStatus& peer : peers) {
    const std::vector<Prefix> prefixes = std::exchange(peer.allowed_ips, {});
    const size_t index = Add(std::move(peer));
    for (const Prefix& prefix : prefixes) owners_[prefix] = {index, 0};
  }
}

size_t PeersModel::Add(PeerStatus peer) {
  const size_t index = entries_.size();
  index_by_key_[peer.public_key] = index;
  entries_.push_back({.peer = std::move(peer)});
  return index;
}

void PeersModel::Apply(const PeerUpdate& update) {
  const auto found = index_by_key_.find(update.public_key);
  const bool exists = found != index_by_key_.end();
  if (update.remove) {
    if (!exists) return;
    entries_[found->second].is_removed = true;
    index_by_key_.erase(found);
    return;
  }
  if (!exists && update.update_only) return;
  const size_t index = exists ? found->second : Add(NewPeer(update.public_key));
  PeerStatus& peer = entries_[index].peer;
  if (update.preshared_key) peer.preshared_key = *update.preshared_key;
  if (update.endpoint) peer.endpoint = update.endpoint;
  if (update.persistent_keepalive_seconds) {
    peer.persistent_keepalive_seconds = *update.persistent_keepalive_seconds;
  }
  if (update.name) peer.name = *update.name;
  if (update.endpoint_name) peer.endpoint_name = *update.endpoint_name;
  if (update.transport_cipher) peer.transport_cipher = *update.transport_cipher;
  ApplyAllowedIps(update, index);
}

void PeersModel::ApplyAllowedIps(const PeerUpdate& update, size_t index) {
  uint64_t& generation = entries_[index].generation;
  if (update.replace_allowed_ips) ++generation;
  for (const AllowedIpChange& change : update.allowed_ips) {
    if (!change.remove) {
      owners_[change.prefix] = {index, generation};
      continue;
    }
    const auto owner = owners_.find(change.prefix);
    if (owner != owners_.end() && owner->second.index == index) owners_.erase(owner);
  }
}

std::vector<PeerStatus> PeersModel::Take() {
  for (const auto& [prefix, owner] : owners_) {
    Entry& entry = entries_[owner.index];
    if (owner.generation == entry.generation) entry.peer.allowed_ips.push_back(prefix);
  }
  std::vector<PeerStatus> peers;
  peers.reserve(index_by_key_.size());
  for (Entry& entry : entries_) {
    if (!entry.is_removed) peers.push_back(std::move(entry.peer));
  }
  return peers;
}

}  // namespace

std::vector<PeerStatus> Apply(std::vector<PeerStatus> peers, const DeviceUpdate& update) {
  if (update.replace_peers) peers.clear();
  PeersModel model(std::move(peers));
  for (const PeerUpdate& peer : update.peers) model.Apply(peer);
  return model.Take();
}

}  // namespace ringwire
