#ifndef RINGWIRE_CORE_BASE_COUNTERS_H_
#define RINGWIRE_CORE_BASE_COUNTERS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

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

// The counts of one thread, apart from its drops. A row is all that a new counter needs: `show`,
// `show --json` and the JSON of status print it by itself, under this name. docs/counters.md says
// what each one counts (`./dev check` asks for its row there).
#define RINGWIRE_WORKER_COUNTERS(X) \
  X(tun_read_runs)                  \
  X(tun_read_segments)              \
  X(tun_read_bytes)                 \
  X(udp_send_runs)                  \
  X(udp_send_segments)              \
  X(udp_send_bytes)                 \
  X(udp_receive_runs)               \
  X(udp_receive_segments)           \
  X(udp_receive_bytes)              \
  X(tun_write_runs)                 \
  X(tun_write_segments)             \
  X(tun_write_bytes)                \
  X(staged_segments)                \
  X(keepalives_received)            \
  X(path_probes_received)           \
  X(path_probes_sent)               \
  X(to_control_segments)            \
  X(icmp_errors_sent)               \
  X(cookie_replies_sent)            \
  X(cookie_replies_withheld)        \
  X(load_sources_evicted)           \
  X(wakeups)                        \
  X(spins)                          \
  X(spins_that_found)               \
  X(source_address_retries)         \
  X(trains_repeated)                \
  X(superpackets_refused)

// Of a worker, or of control. Only that thread writes them; control reads them for `show`.
// "Segments" are packets: a superpacket of 40 TCP segments counts as one run and 40 segments.
struct alignas(64) WorkerCounters {
#define RINGWIRE_COUNTER_FIELD(name) Counter name;
  RINGWIRE_WORKER_COUNTERS(RINGWIRE_COUNTER_FIELD)
#undef RINGWIRE_COUNTER_FIELD
  std::array<Counter, kDropReasonCount> dropped;

  void Drop(DropReason reason, uint64_t segments = 1) {
    dropped[static_cast<size_t>(reason)].Add(segments);
  }
  uint64_t Dropped(DropReason reason) const { return dropped[static_cast<size_t>(reason)].value(); }

  // Calls visit(name, value) for each row above, in its order.
  template <typename Visit>
  void ForEach(Visit visit) const {
#define RINGWIRE_COUNTER_VISIT(name) visit(std::string_view(#name), name.value());
    RINGWIRE_WORKER_COUNTERS(RINGWIRE_COUNTER_VISIT)
#undef RINGWIRE_COUNTER_VISIT
  }
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_BASE_COUNTERS_H_
