#ifndef RINGWIRE_PLATFORM_NAMES_RETRY_SCHEDULE_H_
#define RINGWIRE_PLATFORM_NAMES_RETRY_SCHEDULE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/time/time.h"
#include "core/base/instant.h"

namespace ringwire::platform {

// When to look each of a set of names up: at once when it is wanted; after a failure again in 1, 2,
// 4 … 60 s; after a success if its answer is doubted, at most every 30 s. Pure; thread-compatible.
class RetrySchedule {
 public:
  // Wants exactly these names from now on; each is due.
  void Want(Instant now, const std::vector<std::string>& names);
  // The addresses of the name may have changed. Ignored for a name that is not wanted.
  void Doubt(Instant now, const std::string& name);

  // InfiniteFuture: nothing is due.
  Instant due() const;
  // The name to look up now; Done() follows. nullopt: none.
  std::optional<std::string> TakeDue(Instant now);
  void Done(Instant now, const std::string& name, bool found);
  // Whether each has been looked up at least once, with any result.
  bool AllTried() const;

 private:
  struct Entry {
    Instant due;
    Instant not_before;  // of a doubt
    absl::Duration retry = absl::Seconds(1);
    bool tried = false;
  };

  absl::btree_map<std::string, Entry> names_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NAMES_RETRY_SCHEDULE_H_
