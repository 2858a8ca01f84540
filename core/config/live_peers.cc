#include "core/config/live_peers.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "absl/container/flat_hash_set.h"
#include "core/device/key_text.h"
#include "crypto/x25519.h"
#include "fmt/format.h"

namespace ringwire {
namespace {

constexpr size_t kPeersNamedMax = 8;

}  // namespace

void WarnOfPeers(std::span<const crypto::PublicKey> peers, std::string_view says,
                 std::vector<std::string>* warnings) {
  const size_t named = std::min(peers.size(), kPeersNamedMax);
  for (const crypto::PublicKey& peer : peers.first(named)) {
    warnings->push_back(fmt::format("peer {} {}", KeyToBase64(peer), says));
  }
  if (named < peers.size()) {
    warnings->push_back(fmt::format("and so for {} more peers", peers.size() - named));
  }
}

std::vector<std::string> WarningsOfLivePeers(std::span<const crypto::PublicKey> on_device,
                                             const NamedValues& loaded, const ConfigFile& wanted) {
  absl::flat_hash_set<crypto::PublicKey> present(on_device.begin(), on_device.end());
  absl::flat_hash_set<crypto::PublicKey> named;
  std::optional<crypto::PublicKey> own_key;  // the device itself is no peer of its own
  if (wanted.private_key.has_value()) own_key = crypto::PublicFromPrivate(*wanted.private_key);
  std::vector<crypto::PublicKey> come_back;
  for (const PeerConfig& peer : wanted.peers) {
    const bool is_first = named.insert(peer.public_key).second;
    if (!is_first || present.contains(peer.public_key) || peer.public_key == own_key) continue;
    if (loaded.peers.contains(peer.public_key)) come_back.push_back(peer.public_key);
  }
  std::vector<crypto::PublicKey> go;
  for (const crypto::PublicKey& key : on_device) {
    if (!named.contains(key) && !loaded.peers.contains(key)) go.push_back(key);
  }
  std::vector<std::string> warnings;
  WarnOfPeers(
      go,
      "was added while the device ran, is not in the file, and was removed (`ringwire save` "
      "before a reload keeps such peers)",
      &warnings);
  WarnOfPeers(come_back,
              "was removed while the device ran and is back, as the file has it (`ringwire save` "
              "after such a change takes it out of the file)",
              &warnings);
  return warnings;
}

}  // namespace ringwire
