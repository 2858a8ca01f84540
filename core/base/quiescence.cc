#include "core/base/quiescence.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/time/time.h"
#include "core/base/check.h"
#include "core/base/limits.h"

namespace ringwire {

namespace {

// How long a retired object may wait before the readers are woken.
constexpr absl::Duration kRetiredAgeMax = absl::Seconds(1);

}  // namespace

// All orderings are those of atomic operations, never of fences, so that TSan checks what is proven
// here. The writer unpublishes, adds to epoch_, then loads seen_. The reader stores seen_, then
// loads epoch_. In the single order of these four, either the writer finds the reader online at an
// epoch before the retirement and keeps the object; or the reader's last load finds the
// retirement's epoch, synchronises with it, and what it loads next is no older than the
// unpublishing.
void QuiescenceDomain::Reader::Online() {
  seen_.store(epoch_->load(std::memory_order_seq_cst), std::memory_order_seq_cst);
  (void)epoch_->load(std::memory_order_seq_cst);
}

// Release: the reader's last access to an object happens before the writer, who sees the zero,
// destroys it.
void QuiescenceDomain::Reader::Offline() { seen_.store(0, std::memory_order_release); }

QuiescenceDomain::QuiescenceDomain() = default;

QuiescenceDomain::~QuiescenceDomain() {
  const size_t waiting = Collect();
  CHECK(waiting == 0);
}

QuiescenceDomain::Reader* QuiescenceDomain::AddReader() {
  readers_.push_back(std::unique_ptr<Reader>(new Reader(&epoch_)));
  return readers_.back().get();
}

void QuiescenceDomain::Retire(std::shared_ptr<void> object, Instant now) {
  const uint64_t epoch = epoch_.fetch_add(1, std::memory_order_seq_cst) + 1;
  retired_.push_back(Retired{epoch, now, std::move(object)});
}

size_t QuiescenceDomain::Collect() {
  if (retired_.empty()) return 0;
  uint64_t oldest_seen = std::numeric_limits<uint64_t>::max();
  for (const std::unique_ptr<Reader>& reader : readers_) {
    const uint64_t seen = reader->seen_.load(std::memory_order_seq_cst);
    if (seen != 0) oldest_seen = std::min(oldest_seen, seen);
  }
  // Each object leaves the queue before it is destroyed: its destructor may itself retire
  // something.
  const uint64_t newest_stamp = retired_.back().epoch;
  const uint64_t collectable = std::min(oldest_seen, newest_stamp);
  while (!retired_.empty() && retired_.front().epoch <= collectable) {
    const std::shared_ptr<void> object = std::move(retired_.front().object);
    retired_.pop_front();
  }
  return retired_.size();
}

bool QuiescenceDomain::WantsQuiescence(Instant now) const {
  if (retired_.empty()) return false;
  const bool overdue =
      retired_.size() > kRetiredMax || now - retired_.front().since > kRetiredAgeMax;
  return overdue && std::any_of(readers_.begin(), readers_.end(), [](const auto& reader) {
           return reader->seen_.load(std::memory_order_acquire) != 0;
         });
}

}  // namespace ringwire
