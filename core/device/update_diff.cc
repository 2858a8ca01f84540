#include "core/device/update_diff.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/device/apply.h"
#include "crypto/secret.h"

namespace ringwire {
namespace {

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

PeerUpdate DiffPeer(const PeerStatus& current, const PeerStatus& target) {
  PeerUpdate update;
  update.public_key = target.public_key;
  if (current.preshared_key != target.preshared_key) update.preshared_key = target.preshared_key;
  if (target.endpoint && target.endpoint != current.endpoint) update.endpoint = target.endpoint;
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

void DiffPeers(const DeviceStatus& current, const std::vector<PeerStatus>& targets,
               DeviceUpdate* diff) {
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
  for (const PeerStatus& target : targets) {
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
  // Of a replaced peer only what `wanted` names: it has no endpoint of its own.
  DiffPeers(current, Apply(current.peers, wanted), &diff);
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
