#ifndef RINGWIRE_CORE_CONTROL_STAMP_TABLE_H_
#define RINGWIRE_CORE_CONTROL_STAMP_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/base/limits.h"
#include "core/control/control_plane.h"
#include "core/noise/tai64n.h"
#include "crypto/secret.h"

namespace ringwire {

// The greatest timestamp of each peer for each of our keys, also for peers that are not configured
// now: after a peer is added again, its old initiations must still be refused (rule 20). Only
// authenticated initiations reach it. Thread-compatible: for the control thread.
class StampTable {
 public:
  // Twice the maximum of peers: as many may have been removed recently.
  static constexpr size_t kStampsMax = 2 * kPeersMax;
  explicit StampTable(size_t capacity = kStampsMax) : capacity_(capacity) {}

  std::optional<Tai64n> Find(const crypto::PublicKey& local, const crypto::PublicKey& peer) const;
  // Keeps the greater of this stamp and the present one. In a full table, the stamp that was raised
  // longest ago makes room.
  void Raise(const HandshakeStamp& stamp);
  // Removes a peer's stamps for all of our keys; false: there were none. Scans the whole table.
  bool Forget(const crypto::PublicKey& peer);

  // Longest ago first.
  std::vector<HandshakeStamp> All() const { return {stamps_.begin(), stamps_.end()}; }
  // Changes whenever a stamp does.
  uint64_t version() const { return version_; }

 private:
  using Key = std::pair<crypto::PublicKey, crypto::PublicKey>;  // local, peer
  using Place = std::list<HandshakeStamp>::iterator;

  const size_t capacity_;
  std::list<HandshakeStamp> stamps_;
  absl::flat_hash_map<Key, Place> places_;
  uint64_t version_ = 0;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_STAMP_TABLE_H_
