#include "core/device/validate.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "core/base/ascii.h"
#include "core/base/limits.h"
#include "core/base/status_macros.h"
#include "core/device/key_text.h"
#include "fmt/format.h"

namespace ringwire {
namespace {

absl::Status Invalid(const PeerUpdate& peer, std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("{}: {}", PeerLabel(peer.public_key), what));
}

absl::Status ValidatePeer(const PeerUpdate& peer) {
  for (const AllowedIpChange& change : peer.allowed_ips) {
    const Prefix& prefix = change.prefix;
    if (!prefix.address.IsSet() || prefix.length > prefix.address.Bits()) {
      return Invalid(peer, fmt::format("an allowed IP has no address or more than {} bits",
                                       prefix.address.Bits()));
    }
    if (Prefix::Of(prefix.address, prefix.length) != prefix) {
      return Invalid(peer, fmt::format("the allowed IP {} has host bits", prefix.ToString()));
    }
  }
  if (peer.endpoint && (!peer.endpoint->address.IsSet() || peer.endpoint->port == 0)) {
    return Invalid(peer, "its endpoint has no address or no port");
  }
  if (peer.name &&
      (peer.name->size() > kPeerNameBytesMax || std::ranges::any_of(*peer.name, IsControl))) {
    return Invalid(
        peer, fmt::format("its name is not printable text of at most {} bytes", kPeerNameBytesMax));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Validate(const DeviceUpdate& update, const DeviceFacts& facts) {
  size_t peer_count = update.replace_peers ? 0 : facts.peer_count;
  absl::flat_hash_map<crypto::PublicKey, bool> exists;
  for (const PeerUpdate& peer : update.peers) {
    RETURN_IF_ERROR(ValidatePeer(peer));
    const auto [entry, is_first] = exists.try_emplace(peer.public_key, false);
    if (is_first) entry->second = !update.replace_peers && facts.has_peer(peer.public_key);
    if (peer.remove) {
      peer_count -= entry->second ? 1 : 0;
      entry->second = false;
    } else if (!entry->second && !peer.update_only) {
      if (peer_count == kPeersMax) {
        return absl::ResourceExhaustedError(
            fmt::format("there would be more than {} peers", kPeersMax));
      }
      ++peer_count;
      entry->second = true;
    }
  }
  return absl::OkStatus();
}

}  // namespace ringwire
