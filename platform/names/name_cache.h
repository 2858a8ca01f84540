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
#include "platform/names/resolver_client.h"

namespace ringwire::platform {

// Addresses by the name that they were last found under, with port 0.
using KnownNames = absl::btree_map<std::string, std::vector<SocketAddress>>;

// How the names of endpoints are looked up; and what is known already where no question may leave.
// Thread-safe, but that LookUp is called on one thread only.
class NameSource {
 public:
  struct Rules {
    uint32_t mark = 0;    // of the questions, where a tunnel of ours stands in their way; 0: none
    std::string servers;  // that were there before the tunnel; empty: those of now
    bool may_ask = true;  // else only /etc/hosts is read
    friend bool operator==(const Rules&, const Rules&) = default;
  };
  // Who looks a name up: ResolverClient.
  using Ask = std::function<absl::StatusOr<std::vector<SocketAddress>>(const NameQuestion&)>;

  explicit NameSource(Ask ask) : ask_(std::move(ask)) {}

  void SetRules(Rules rules);
  void SetKnown(KnownNames known);

  // By port 0. Blocks, perhaps for long.
  absl::StatusOr<std::vector<SocketAddress>> LookUp(const std::string& host) const;

 private:
  const Ask ask_;
  mutable Mutex mutex_;
  Rules rules_ ABSL_GUARDED_BY(mutex_);
  KnownNames known_ ABSL_GUARDED_BY(mutex_);
};

// What is known, in a file for the next process: one that begins behind a kill switch must not ask.
// Scopes of link-local addresses are not kept.
absl::Status SaveKnownNames(const std::string& path, const KnownNames& known);
// Empty where there is none, or where it is no such file.
KnownNames LoadKnownNames(const std::string& path);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NAMES_NAME_CACHE_H_
