#ifndef RINGWIRE_CORE_BASE_COUNTERS_H_
#define RINGWIRE_CORE_BASE_COUNTERS_H_

#include <array>
#include <atomic>
#include <cstdint>

#include "core/base/drop_reason.h"

namespace ringwire {

// A count with one writer and any number of readers: no read-modify-write on the packet path, and a
// reader never sees a torn value.
class Counter {
 public:
  void Add(uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  // Takes back what was counted before the outcome was known.
  void Retract(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
  }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// The counts of one thread (a worker, or control). Only that thread writes them; control reads them
// for `show`. "Segments" are packets: a superpacket of 40 TCP segments counts as one run and 40
// segments.
struct alignas(64) WorkerCounters {
  Counter tun_read_runs, tun_read_segments, tun_read_bytes;
  Counter udp_send_runs, udp_send_segments, udp_send_bytes;
  Counter udp_receive_runs, udp_receive_segments, udp_receive_bytes;
  Counter tun_write_runs, tun_write_segments, tun_write_bytes;
  Counter staged_segments, keepalives_received, to_control_segments;
  Counter icmp_errors_sent, cookie_replies_sent, load_sources_evicted;
  Counter wakeups, spins, spins_that_found;
  Counter source_address_retries, trains_repeated, superpackets_refused;
  std::array<Counter, kDropReasonCount> dropped;

  void Drop(DropReason reason, uint64_t segments = 1) {
    dropped[static_cast<size_t>(reason)].Add(segments);
  }
  uint64_t Dropped(DropReason reason) const { return dropped[static_cast<size_t>(reason)].value(); }
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_BASE_COUNTERS_H_
