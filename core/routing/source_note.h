#ifndef RINGWIRE_CORE_ROUTING_SOURCE_NOTE_H_
#define RINGWIRE_CORE_ROUTING_SOURCE_NOTE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "core/base/instant.h"
#include "core/wire/address.h"

namespace ringwire {

// How often something came, and from where the last time.
struct NotedSource {
  uint64_t count = 0;
  SocketAddress last_from;
  Instant last_at;
};

// A NotedSource with one writer and any number of readers. A sequence lock: the writer never waits,
// so a flood of noted packets costs it some stores each.
class SourceNote {
 public:
  void Note(Instant now, const SocketAddress& from);
  // Thread-safe. nullopt: nothing was noted, or the writer wrote during every try.
  std::optional<NotedSource> Read() const;

 private:
  std::atomic<uint64_t> sequence_{0};  // odd: being written; twice the count
  std::array<std::atomic<uint64_t>, 5> words_{};
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_ROUTING_SOURCE_NOTE_H_
