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

// The peers whose endpoint a configuration gives as a name, and where their names were last found
// to be. A peer is sent there when its name is found, or found elsewhere than before, and not
// because it was looked up again: where its own packets say that it is counts more. When it has
// fallen silent that is no longer so, and the addresses of its name are tried one after the other.
// All calls on one thread.
class NamedEndpoints {
 public:
  // `resolver` outlives it.
  explicit NamedEndpoints(EndpointResolver* resolver) : resolver_(resolver) {}

  // Follows the peers of this configuration from now on and has every name of it looked up. `path`
  // is for messages.
  absl::Status Follow(const ConfigFile& config, const std::string& path);
  // The endpoints of a configuration's peers, in order, as far as they are addresses or known.
  std::vector<std::optional<SocketAddress>> EndpointsOf(const ConfigFile& config) const;

  // What is known of names that are followed.
  const KnownNames& known() const { return known_; }

  // Takes what the resolver has found out. `move` sends peers where their names say, each change
  // having an endpoint; empty: there is no device yet.
  using Move = std::function<void(std::span<const PeerUpdate> peers)>;
  void TakeAnswers(const Move& move);
  // These peers do not answer: perhaps their names mean something else by now.
  void Doubt(std::span<const crypto::PublicKey> peers);

 private:
  struct NamedPeer {
    EndpointName endpoint;
    FilePosition position;
    std::optional<SocketAddress> found;
    bool is_silent = false;  // since it was found; the next answer says where to try
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
