#ifndef RINGWIRE_CORE_BASE_QUIESCENCE_H_
#define RINGWIRE_CORE_BASE_QUIESCENCE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "core/base/instant.h"

namespace ringwire {

// Lets one writer (control) replace objects that readers (workers) may be using, without a lock on
// the readers' side: the writer unpublishes an object, then retires it here; it is destroyed once
// every reader has passed a point where it held no pointer. (Quiescent-state-based reclamation.)
//
// A reader is online from Online() to Offline(). It loads shared pointers only while online and
// keeps none across Online()/Offline(). A worker is offline while it waits for packets, so an idle
// worker delays nothing.
class QuiescenceDomain {
 public:
  class Reader {
   public:
    // Reader's thread only. Calling Online() while online is a quiescent point of its own.
    void Online();
    void Offline();

   private:
    friend class QuiescenceDomain;
    explicit Reader(const std::atomic<uint64_t>* epoch) : epoch_(epoch) {}
    const std::atomic<uint64_t>* const epoch_;
    // 0 while offline, else the epoch at the last quiescent point.
    alignas(64) std::atomic<uint64_t> seen_{0};
  };

  QuiescenceDomain();
  // Every reader must be offline and stay so. Destroys what still waits, oldest first.
  ~QuiescenceDomain();
  QuiescenceDomain(const QuiescenceDomain&) = delete;
  QuiescenceDomain& operator=(const QuiescenceDomain&) = delete;

  // Before the readers' threads start. The reader is owned by the domain.
  Reader* AddReader();

  // The calls below are the writer's alone. Takes an object that is unpublished: no reader can
  // reach it anew.
  void Retire(std::shared_ptr<void> object, Instant now);
  // Destroys the objects that no reader can hold any more, in the order of retirement. Returns how
  // many still wait.
  size_t Collect();
  // True if waiting readers should be woken: too many objects wait, or one has waited longer than a
  // second.
  bool WantsQuiescence(Instant now) const;
  size_t retired_count() const { return retired_.size(); }

 private:
  struct Retired {
    uint64_t epoch;
    Instant since;
    std::shared_ptr<void> object;
  };

  // Counts retirements. An object stamped e is out of reach for a reader whose quiescent point saw
  // e or more.
  alignas(64) std::atomic<uint64_t> epoch_{1};
  alignas(64) std::vector<std::unique_ptr<Reader>> readers_;
  std::deque<Retired> retired_;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_BASE_QUIESCENCE_H_
