#include "core/routing/index_table.h"

#include <utility>

#include "core/base/check.h"

namespace ringwire {

namespace {

constexpr size_t kInitialSlots = 1024;  // 12 KiB

}  // namespace

struct IndexTable::Table {
  // `size` is a power of two.
  explicit Table(size_t size)
      : mask(size - 1),
        slots(new std::atomic<Keypair*>[size]()),
        reserved(new std::atomic<uint32_t>[size]()) {}

  size_t size() const { return mask + 1; }

  const size_t mask;
  const std::unique_ptr<std::atomic<Keypair*>[]> slots;
  // The full index in each slot, 0 for a free slot.
  const std::unique_ptr<std::atomic<uint32_t>[]> reserved;
};

IndexTable::IndexTable(QuiescenceDomain* quiescence)
    : quiescence_(quiescence),
      owned_(std::make_shared<Table>(kInitialSlots)),
      table_(owned_.get()) {}

IndexTable::~IndexTable() = default;

// A slot may hold another index than the requested one, and a reader may see a table that was just
// replaced. Comparing with the session's own index covers both cases.
Keypair* IndexTable::Find(uint32_t index) const {
  const Table* const table = table_.load(std::memory_order_acquire);
  Keypair* const keypair = table->slots[index & table->mask].load(std::memory_order_acquire);
  return keypair != nullptr && keypair->local_index() == index ? keypair : nullptr;
}

// Reads the session first, then the mark; Release() clears them in the other order. A reader that
// misses the session also misses the mark, so an index that had a session is never pending again.
bool IndexTable::IsPending(uint32_t index) const {
  const Table* const table = table_.load(std::memory_order_acquire);
  const size_t place = index & table->mask;
  return table->slots[place].load(std::memory_order_acquire) == nullptr && index != 0 &&
         table->reserved[place].load(std::memory_order_acquire) == index;
}

uint32_t IndexTable::Reserve(crypto::Random& random, Instant now) {
  if ((reserved_count_ + 1) * 4 > owned_->size()) Grow(now);
  // At least three slots of four are free, so a second draw is rare.
  for (;;) {
    const uint32_t index = random.Uint32();
    std::atomic<uint32_t>& place = owned_->reserved[index & owned_->mask];
    if (index == 0 || place.load(std::memory_order_relaxed) != 0) continue;
    place.store(index, std::memory_order_release);
    ++reserved_count_;
    return index;
  }
}

void IndexTable::Publish(uint32_t index, Keypair* keypair) {
  const size_t place = index & owned_->mask;
  CHECK(index != 0 && owned_->reserved[place].load(std::memory_order_relaxed) == index);
  CHECK(keypair->local_index() == index);
  owned_->slots[place].store(keypair, std::memory_order_release);
}

void IndexTable::Release(uint32_t index) {
  const size_t place = index & owned_->mask;
  CHECK(index != 0 && owned_->reserved[place].load(std::memory_order_relaxed) == index);
  // The order matters: see IsPending().
  owned_->reserved[place].store(0, std::memory_order_release);
  owned_->slots[place].store(nullptr, std::memory_order_release);
  --reserved_count_;
}

// Two indices that differ in their low bits still differ with one bit more. The replaced table is
// retired before any session released later can be, so it never leads to one that is gone.
void IndexTable::Grow(Instant now) {
  auto larger = std::make_shared<Table>(owned_->size() * 2);
  for (size_t i = 0; i < owned_->size(); ++i) {
    const uint32_t index = owned_->reserved[i].load(std::memory_order_relaxed);
    const size_t place = index & larger->mask;
    if (index == 0) continue;
    larger->reserved[place].store(index, std::memory_order_relaxed);
    larger->slots[place].store(owned_->slots[i].load(std::memory_order_relaxed),
                               std::memory_order_relaxed);
  }
  table_.store(larger.get(), std::memory_order_release);
  quiescence_->Retire(std::exchange(owned_, std::move(larger)), now);
}

}  // namespace ringwire
