#ifndef RINGWIRE_CORE_CONFIG_NAMED_VALUES_H_
#define RINGWIRE_CORE_CONFIG_NAMED_VALUES_H_

#include "absl/container/flat_hash_map.h"
#include "core/config/config_file.h"
#include "crypto/secret.h"

namespace ringwire {

// Which values a configuration names, without the values themselves: what a process remembers of a
// file that it has loaded or saved once it has forgotten the keys.
struct NamedValues {
  struct Peer {
    bool preshared_key = false;
    bool persistent_keepalive = false;
    bool allowed_ips = false;  // also as none, by an empty value
  };
  bool private_key = false;
  absl::flat_hash_map<crypto::PublicKey, Peer> peers;
};

// Keys in files of their own count, read or not.
NamedValues NamedIn(const ConfigFile& config);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONFIG_NAMED_VALUES_H_
