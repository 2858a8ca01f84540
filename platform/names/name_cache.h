#ifndef RINGWIRE_PLATFORM_NAMES_NAME_CACHE_H_
#define RINGWIRE_PLATFORM_NAMES_NAME_CACHE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "core/wire/address.h"
#include "platform/names/name_servers.h"
#include "platform/names/resolver_client.h"

namespace ringwire::platform {

// The last known addresses by name, with port 0.
using KnownNames = absl::btree_map<std::string, std::vector<SocketAddress>>;

// Looks names of endpoints up, or uses known addresses if no query may leave. Thread-safe, except
// that LookUp is called on one thread only.
class NameCache {
 public:
  struct Rules {
    uint32_t mark = 0;          // of the queries, if one of our tunnels would carry them; 0: none
    std::string servers;        // those configured before the tunnel; empty: the current ones
    TunnelServers tunnel = {};  // these have replaced them
    bool may_ask = true;        // else only /etc/hosts is read
    friend bool operator==(const Rules&, const Rules&) = default;
  };
  // The function that looks a name up: ResolverClient's.
  using Ask = std::function<absl::StatusOr<std::vector<SocketAddress>>(const NameQuestion&)>;

  explicit NameCache(Ask ask) : ask_(std::move(ask)) {}

  void SetRules(Rules rules);
  void SetKnown(KnownNames known);

  // Addresses with port 0. Blocks, perhaps for long.
  absl::StatusOr<std::vector<SocketAddress>> LookUp(const std::string& host) const;

 private:
  const Ask ask_;
  mutable Mutex mutex_;
  Rules rules_ ABSL_GUARDED_BY(mutex_);
  KnownNames known_ ABSL_GUARDED_BY(mutex_);
};

// Saves known addresses for the next process: a start behind a kill switch must not query. Does not
// keep scopes of link-local addresses.
absl::Status SaveKnownNames(const std::string& path, const KnownNames& known);
// Empty if there is no such file, or ringwire did not write it, or a newer one did (logs a
// warning).
KnownNames LoadKnownNames(const std::string& path);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NAMES_NAME_CACHE_H_
