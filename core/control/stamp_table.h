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

// The greatest timestamp that each peer has shown to each of our keys, also for peers that are not
// configured at present: who comes back must not bring an old initiation along (rule 20). Only
// authenticated initiations reach it. Thread-compatible: control's.
class StampTable {
 public:
  // Twice the peers there can be: as many again may have been removed lately.
  static constexpr size_t kStampsMax = 2 * kPeersMax;
  explicit StampTable(size_t capacity = kStampsMax) : capacity_(capacity) {}

  std::optional<Tai64n> Find(const crypto::PublicKey& local, const crypto::PublicKey& peer) const;
  // Keeps the greater of this stamp and the present one. The stamp that was raised longest ago
  // makes room when the table is full.
  void Raise(const HandshakeStamp& stamp);
  // Forgets a peer under all of our keys; false: nothing was known. Looks through the whole table.
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
