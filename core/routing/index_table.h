#ifndef RINGWIRE_CORE_ROUTING_INDEX_TABLE_H_
#define RINGWIRE_CORE_ROUTING_INDEX_TABLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/base/instant.h"
#include "core/base/quiescence.h"
#include "core/noise/keypair.h"
#include "crypto/random.h"

namespace ringwire {

// From the receiver index of a transport message to its session. Indices are random (rule 9), and
// their low bits are the slot in the table, so a lookup is one load and one compare. An index whose
// slot is taken is drawn again. The table doubles before it is a quarter full (doubling makes no
// collisions). Index 0 is never drawn. One writer (control); Find and IsPending may run on any
// online reader of the quiescence domain.
class IndexTable {
 public:
  explicit IndexTable(QuiescenceDomain* quiescence);
  ~IndexTable();
  IndexTable(const IndexTable&) = delete;
  IndexTable& operator=(const IndexTable&) = delete;

  // The published session of this index, or nullptr.
  Keypair* Find(uint32_t index) const;
  // Whether the index is reserved and has no session yet: a handshake of ours waits for its answer.
  // A reader may see a change a moment after the writer made it.
  bool IsPending(uint32_t index) const;

  // Reserves a fresh random index for a new handshake.
  uint32_t Reserve(crypto::Random& random, Instant now);
  // Publishes a session under a reserved index. The caller keeps the keypair, and releases the
  // index before it retires the keypair.
  void Publish(uint32_t index, Keypair* keypair);
  // Forgets a reserved or published index.
  void Release(uint32_t index);
  size_t reserved_count() const { return reserved_count_; }

 private:
  struct Table;
  void Grow(Instant now);

  QuiescenceDomain* const quiescence_;
  std::shared_ptr<Table> owned_;     // the writer's
  std::atomic<const Table*> table_;  // the same, for readers
  size_t reserved_count_ = 0;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_ROUTING_INDEX_TABLE_H_
