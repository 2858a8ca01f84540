#include "core/device/update_diff.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "crypto/secret.h"

namespace ringwire {
namespace {

struct PeerState {
  crypto::PublicKey public_key{};
  crypto::PresharedKey preshared_key{};
  std::optional<SocketAddress> named_endpoint{};  // only one that the change names
  uint16_t persistent_keepalive_seconds = 0;
  std::string name{};
  std::string endpoint_name{};
  TransportCipher transport_cipher = TransportCipher::kAuto;
  bool is_removed = false;
  uint64_t generation = 0;            // of its prefixes: raised to drop all of them at once
  std::vector<Prefix> allowed_ips{};  // sorted; filled in at the end
};

// A model of a device's peers on which to try a change. Cryptokey routing gives every prefix to at
// most one peer: the last one to claim it.
class PeersModel {
 public:
  void Load(const std::vector<PeerStatus>& peers);
  void Apply(const std::vector<PeerUpdate>& updates);
  // In the order of creation. The model is unusable afterwards.
  std::vector<PeerState> Take();

 private:
  struct Owner {
    size_t peer_index = 0;
    uint64_t generation = 0;
  };

  void Apply(const PeerUpdate& update);

  std::vector<PeerState> peers_;  // a removed one stays and is never used again
  absl::flat_hash_map<crypto::PublicKey, size_t> index_by_key_;
  absl::btree_map<Prefix, Owner> owners_;  // may name owners that dropped the prefix
};

void PeersModel::Load(const std::vector<PeerStatus>& peers) {
  peers_.reserve(peers.size());
  for (const PeerStatus& peer : peers) {
    const size_t index = peers_.size();
    index_by_key_[peer.public_key] = index;
    peers_.push_back({.public_key = peer.public_key,
                      .preshared_key = peer.preshared_key,
                      .persistent_keepalive_seconds = peer.persistent_keepalive_seconds,
                      .name = peer.name,
                      .endpoint_name = peer.endpoint_name,
                      .transport_cipher = peer.transport_cipher});
    for (const Prefix& prefix : peer.allowed_ips) owners_[prefix] = {index, 0};
  }
}

void PeersModel::Apply(const std::vector<PeerUpdate>& updates) {
  for (const PeerUpdate& update : updates) Apply(update);
}

void PeersModel::Apply(const PeerUpdate& update) {
  const auto found = index_by_key_.find(update.public_key);
  const bool exists = found != index_by_key_.end();
  if (update.remove) {
    if (!exists) return;
    peers_[found->second].is_removed = true;
    index_by_key_.erase(found);
    return;
  }
  if (!exists && update.update_only) return;
  const size_t index = exists ? found->second : peers_.size();
  if (!exists) {
    index_by_key_[update.public_key] = index;
    peers_.push_back({.public_key = update.public_key});
  }
  PeerState& peer = peers_[index];
  if (update.preshared_key) peer.preshared_key = *update.preshared_key;
  if (update.endpoint) peer.named_endpoint = update.endpoint;
  if (update.persistent_keepalive_seconds) {
    peer.persistent_keepalive_seconds = *update.persistent_keepalive_seconds;
  }
  if (update.name) peer.name = *update.name;
  if (update.endpoint_name) peer.endpoint_name = *update.endpoint_name;
  if (update.transport_cipher) peer.transport_cipher = *update.transport_cipher;
  if (update.replace_allowed_ips) ++peer.generation;
  for (const AllowedIpChange& change : update.allowed_ips) {
    if (!change.remove) {
      owners_[change.prefix] = {index, peer.generation};
      continue;
    }
    const auto owner = owners_.find(change.prefix);
    if (owner != owners_.end() && owner->second.peer_index == index) owners_.erase(owner);
  }
}

std::vector<PeerState> PeersModel::Take() {
  for (const auto& [prefix, owner] : owners_) {
    PeerState& peer = peers_[owner.peer_index];
    if (owner.generation == peer.generation) peer.allowed_ips.push_back(prefix);
  }
  std::erase_if(peers_, [](const PeerState& peer) { return peer.is_removed; });
  return std::move(peers_);
}

// Both are sorted. Returns increments or a new list, whichever is shorter. A prefix that moves to
// another peer is in `lost` too: removing it before or after its new owner's entry changes nothing.
void DiffAllowedIps(const std::vector<Prefix>& current, const std::vector<Prefix>& target,
                    PeerUpdate* update) {
  std::vector<Prefix> lost;
  std::vector<Prefix> gained;
  std::ranges::set_difference(current, target, std::back_inserter(lost));
  std::ranges::set_difference(target, current, std::back_inserter(gained));
  if (lost.empty() && gained.empty()) return;
  update->replace_allowed_ips = !lost.empty() && lost.size() + gained.size() > target.size();
  if (update->replace_allowed_ips) {
    for (const Prefix& prefix : target) update->allowed_ips.push_back({prefix, false});
    return;
  }
  for (const Prefix& prefix : lost) update->allowed_ips.push_back({prefix, true});
  for (const Prefix& prefix : gained) update->allowed_ips.push_back({prefix, false});
}

bool ChangesSomething(const PeerUpdate& update) {
  return update.preshared_key || update.endpoint || update.persistent_keepalive_seconds ||
         update.name || update.endpoint_name || update.transport_cipher ||
         update.replace_allowed_ips || !update.allowed_ips.empty();
}

PeerUpdate DiffPeer(const PeerStatus& current, const PeerState& target) {
  PeerUpdate update;
  update.public_key = target.public_key;
  if (current.preshared_key != target.preshared_key) update.preshared_key = target.preshared_key;
  if (target.named_endpoint && target.named_endpoint != current.endpoint) {
    update.endpoint = target.named_endpoint;
  }
  if (current.persistent_keepalive_seconds != target.persistent_keepalive_seconds) {
    update.persistent_keepalive_seconds = target.persistent_keepalive_seconds;
  }
  if (current.name != target.name) update.name = target.name;
  if (current.endpoint_name != target.endpoint_name) update.endpoint_name = target.endpoint_name;
  if (current.transport_cipher != target.transport_cipher) {
    update.transport_cipher = target.transport_cipher;
  }
  std::vector<Prefix> current_allowed_ips = current.allowed_ips;
  std::ranges::sort(current_allowed_ips);
  DiffAllowedIps(current_allowed_ips, target.allowed_ips, &update);
  return update;
}

void DiffPeers(const DeviceStatus& current, std::vector<PeerState> targets, DeviceUpdate* diff) {
  absl::flat_hash_map<crypto::PublicKey, size_t> target_by_key;
  for (size_t i = 0; i < targets.size(); ++i) target_by_key[targets[i].public_key] = i;
  absl::flat_hash_map<crypto::PublicKey, const PeerStatus*> current_by_key;
  for (const PeerStatus& peer : current.peers) {
    current_by_key[peer.public_key] = &peer;
    if (target_by_key.contains(peer.public_key)) continue;
    PeerUpdate& removal = diff->peers.emplace_back();
    removal.public_key = peer.public_key;
    removal.remove = true;
  }
  const PeerStatus nothing;
  for (const PeerState& target : targets) {
    const auto found = current_by_key.find(target.public_key);
    const bool is_new = found == current_by_key.end();
    PeerUpdate update = DiffPeer(is_new ? nothing : *found->second, target);
    if (is_new || ChangesSomething(update)) diff->peers.push_back(std::move(update));
  }
}

}  // namespace

DeviceUpdate Diff(const DeviceStatus& current, const DeviceUpdate& wanted) {
  DeviceUpdate diff;
  const crypto::PrivateKey current_key = current.private_key.value_or(crypto::PrivateKey());
  if (wanted.private_key && *wanted.private_key != current_key) {
    diff.private_key = wanted.private_key;
  }
  if (wanted.listen_port && *wanted.listen_port != current.listen_port) {
    diff.listen_port = wanted.listen_port;
  }
  if (wanted.fwmark && *wanted.fwmark != current.fwmark) diff.fwmark = wanted.fwmark;
  if (wanted.transport_cipher && *wanted.transport_cipher != current.transport_cipher) {
    diff.transport_cipher = wanted.transport_cipher;
  }
  PeersModel model;
  if (!wanted.replace_peers) model.Load(current.peers);
  model.Apply(wanted.peers);
  DiffPeers(current, model.Take(), &diff);
  return diff;
}

void KeepUnnamed(const DeviceStatus& current, DeviceUpdate* wanted) {
  absl::flat_hash_map<crypto::PublicKey, bool> names_allowed_ips;
  for (const PeerUpdate& peer : wanted->peers) {
    names_allowed_ips[peer.public_key] |= peer.replace_allowed_ips || !peer.allowed_ips.empty();
  }
  // Before all named values, so that these win; for a prefix also those of other peers.
  std::vector<PeerUpdate> peers;
  peers.reserve(current.peers.size() + wanted->peers.size());
  for (const PeerStatus& status : current.peers) {
    const auto named = names_allowed_ips.find(status.public_key);
    if (named == names_allowed_ips.end()) continue;
    PeerUpdate& peer = peers.emplace_back();
    peer.public_key = status.public_key;
    peer.preshared_key = status.preshared_key;
    peer.persistent_keepalive_seconds = status.persistent_keepalive_seconds;
    if (named->second) continue;
    for (const Prefix& prefix : status.allowed_ips) peer.allowed_ips.push_back({prefix, false});
  }
  std::ranges::move(wanted->peers, std::back_inserter(peers));
  wanted->peers = std::move(peers);
}

}  // namespace ringwire
