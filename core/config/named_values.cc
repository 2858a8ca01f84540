#include "core/config/named_values.h"

namespace ringwire {

NamedValues NamedIn(const ConfigFile& config) {
  NamedValues named;
  named.private_key = config.private_key.has_value() || !config.private_key_file.empty();
  named.peers.reserve(config.peers.size());
  for (const PeerConfig& block : config.peers) {
    NamedValues::Peer& peer = named.peers[block.public_key];  // several blocks may be of one peer
    peer.preshared_key |= block.preshared_key.has_value() || !block.preshared_key_file.empty();
    peer.persistent_keepalive |= block.persistent_keepalive_seconds.has_value();
    peer.allowed_ips |= block.names_allowed_ips;
  }
  return named;
}

}  // namespace ringwire
