#ifndef RINGWIRE_CORE_CONTROL_STAMP_TABLE_H_
#define RINGWIRE_CORE_CONTROL_STAMP_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "core/base/instant.h"
#include "core/base/limits.h"
#include "core/control/control_plane.h"
#include "core/noise/tai64n.h"
#include "crypto/secret.h"

namespace ringwire {

// The greatest timestamp of each peer for each of our keys, also for peers that are not configured
// now: after a peer is added again, its old initiations must still be refused (rule 20). A stamp
// whose peer has been out of the configuration for a day is dropped. Only authenticated initiations
// reach it. Thread-compatible: for the control thread.
//
// Stamps lie in slabs, 64 bytes each: one that outlives the peer's session must not pin a page of
// the heap that the session has left.
class StampTable {
 public:
  // Twice the maximum of peers: as many may have been removed recently.
  static constexpr size_t kStampsMax = 2 * kPeersMax;
  // Changes to be taken one by one. Full: they are taken as a whole.
  static constexpr size_t kChangesMax = 65'536;
  explicit StampTable(size_t capacity = kStampsMax, size_t changes_max = kChangesMax)
      : capacity_(capacity),
        changes_max_(changes_max),
        places_(0, HashPlace{this}, SamePlace{this}) {}
  StampTable(const StampTable&) = delete;
  StampTable& operator=(const StampTable&) = delete;

  std::optional<Tai64n> Find(const crypto::PublicKey& local, const crypto::PublicKey& peer) const;
  // Keeps the greater of this stamp and the present one. In a full table, the stamp that was used
  // longest ago makes room.
  void Raise(Instant now, const HandshakeStamp& stamp);
  // Starts the day after which the stamp of a removed peer is dropped.
  void Touch(Instant now, const crypto::PublicKey& local, const crypto::PublicKey& peer);
  // Drops stamps that were used longer than a day ago, a few in a call, unless
  // `is_configured(const crypto::PublicKey& peer)`.
  template <typename IsConfigured>
  void Age(Instant now, IsConfigured is_configured) {
    for (int i = 0; i < kAgedInARow && IsOldestDue(now); ++i) {
      const uint32_t place = oldest_;
      if (is_configured(At(place).peer)) {
        Use(now, place);
      } else {
        Drop(place);
      }
    }
  }
  // Removes a peer's stamps for all of our keys; false: there were none.
  bool Forget(const crypto::PublicKey& peer);

  // The next TakeChanges returns the endpoint, unless too many have come since the last one.
  void NoteAlive(const LiveEndpoint& endpoint) {
    if (alive_.size() < changes_max_) alive_.push_back(endpoint);
  }

  size_t size() const { return places_.size(); }
  size_t slab_count() const { return slabs_.size(); }
  bool has_changes() const {
    return all_changed_ || !changed_.empty() || !dropped_.empty() || !alive_.empty();
  }
  // The changes since the last call. `all`: everything, as for a new file.
  StampChanges TakeChanges(bool all);

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr int kAgedInARow = 4;
  static constexpr size_t kSlabStamps = 512;

  struct Stamp {
    crypto::PublicKey peer{};
    Tai64n greatest;
    uint32_t local = 0;                     // in locals_
    uint32_t used_s = 0;                    // boot time
    uint32_t older = kNone, newer = kNone;  // by the time of their last use
    bool changed = false;
  };
  static_assert(sizeof(Stamp) == 64);
  // One of our public keys.
  struct Local {
    crypto::PublicKey key{};
    size_t stamps = 0;
  };
  // The key of a stamp that is looked for.
  struct Wanted {
    uint32_t local = 0;
    const crypto::PublicKey* peer = nullptr;
    friend bool operator==(const Wanted& a, const Wanted& b) {
      return a.local == b.local && *a.peer == *b.peer;
    }
    template <typename H>
    friend H AbslHashValue(H state, const Wanted& wanted) {
      return H::combine(std::move(state), wanted.local, *wanted.peer);
    }
  };
  struct HashPlace {
    using is_transparent = void;
    const StampTable* table;
    size_t operator()(const Wanted& wanted) const { return absl::Hash<Wanted>()(wanted); }
    size_t operator()(uint32_t place) const { return (*this)(table->KeyOf(place)); }
  };
  struct SamePlace {
    using is_transparent = void;
    const StampTable* table;
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(uint32_t a, const Wanted& b) const { return table->KeyOf(a) == b; }
    bool operator()(const Wanted& a, uint32_t b) const { return a == table->KeyOf(b); }
  };

  Stamp& At(uint32_t place) { return (*slabs_[place / kSlabStamps])[place % kSlabStamps]; }
  const Stamp& At(uint32_t place) const {
    return (*slabs_[place / kSlabStamps])[place % kSlabStamps];
  }
  Wanted KeyOf(uint32_t place) const { return {At(place).local, &At(place).peer}; }
  HandshakeStamp StampOf(uint32_t place) const;
  std::optional<uint32_t> PlaceOf(const crypto::PublicKey& local,
                                  const crypto::PublicKey& peer) const;
  uint32_t Add(const HandshakeStamp& stamp);
  uint32_t AddLocal(const crypto::PublicKey& key);
  bool IsOldestDue(Instant now) const;
  // Makes it the one that was used last.
  void Use(Instant now, uint32_t place);
  void Unlink(uint32_t place);
  void MarkChanged(uint32_t place);
  void MarkAllChanged();
  void Drop(uint32_t place);

  const size_t capacity_;
  const size_t changes_max_;
  std::vector<std::unique_ptr<std::array<Stamp, kSlabStamps>>> slabs_;
  std::vector<uint32_t> free_;
  std::vector<Local> locals_;
  absl::flat_hash_map<crypto::PublicKey, uint32_t> local_ids_;
  std::vector<uint32_t> free_locals_;
  absl::flat_hash_set<uint32_t, HashPlace, SamePlace> places_;
  uint32_t oldest_ = kNone, newest_ = kNone;

  bool all_changed_ = false;       // then the two lists are empty
  std::vector<uint32_t> changed_;  // a place that was dropped since is not marked `changed`
  std::vector<StampKey> dropped_;
  std::vector<LiveEndpoint> alive_;  // at most changes_max_
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_STAMP_TABLE_H_
