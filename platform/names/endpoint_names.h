#ifndef RINGWIRE_PLATFORM_NAMES_ENDPOINT_NAMES_H_
#define RINGWIRE_PLATFORM_NAMES_ENDPOINT_NAMES_H_

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "core/config/config_file.h"
#include "core/device/device_update.h"
#include "core/wire/address.h"
#include "crypto/secret.h"
#include "platform/names/endpoint_resolver.h"
#include "platform/names/name_cache.h"

namespace ringwire::platform {

// The peers whose configured endpoint is a name, and the last known addresses of the names. A peer
// gets the address when its name is first found or has changed, not at every look-up: the source of
// its own packets counts more. For a silent peer this does not hold, and the addresses of its name
// are tried in turn. All calls on one thread.
class EndpointNames {
 public:
  // `resolver` outlives it.
  explicit EndpointNames(EndpointResolver* resolver) : resolver_(resolver) {}

  // Follows the peers of this configuration from now on and looks every name up. `path` is for
  // messages.
  absl::Status Follow(const ConfigFile& config, const std::string& path);
  // The endpoints of a configuration's peers, in order, if they are addresses or known names.
  std::vector<std::optional<SocketAddress>> EndpointsOf(const ConfigFile& config) const;

  // The known addresses of followed names.
  const KnownNames& known() const { return known_; }

  // Takes the resolver's answers. `move` changes the endpoints of peers; each change has an
  // endpoint. Empty: there is no device yet.
  using Move = std::function<void(std::span<const PeerUpdate> peers)>;
  void TakeAnswers(const Move& move);
  // These peers do not answer: their names may have new addresses.
  void Doubt(std::span<const crypto::PublicKey> peers);

 private:
  struct NamedPeer {
    EndpointName endpoint;
    FilePosition position;
    std::optional<SocketAddress> found;
    bool is_silent = false;  // since it was found; the next answer gives an address to try
  };
  using Addresses = std::vector<SocketAddress>;

  void Warn(const NameAnswer& answer);
  std::vector<PeerUpdate> Found(const std::string& name, const Addresses& addresses);

  EndpointResolver* const resolver_;
  std::string path_;
  absl::btree_map<crypto::PublicKey, NamedPeer> peers_;
  KnownNames known_;
  absl::flat_hash_set<std::string> warned_;  // names that were not found since they last were
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NAMES_ENDPOINT_NAMES_H_
