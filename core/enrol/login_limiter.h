#ifndef RINGWIRE_CORE_ENROL_LOGIN_LIMITER_H_
#define RINGWIRE_CORE_ENROL_LOGIN_LIMITER_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/enrol/recent_table.h"
#include "core/wire/address.h"

namespace ringwire::enrol {

// How many proofs a source and a name may try. A try counts when it is admitted, so that many at
// once do not slip through, and is given back if it succeeds: an office behind one address logs in
// as often as it likes. Names count whether a user has them or not. Times are in seconds of any
// clock that never goes back. Thread-compatible.
class LoginLimiter {
 public:
  LoginLimiter();

  // 0: the proof may be looked at. Else: not before so many seconds.
  uint32_t Admit(const IpAddress& source, std::string_view user, int64_t now);
  // The admitted try was right.
  void Succeed(const IpAddress& source, std::string_view user, int64_t now);

 private:
  // Lets kBurst tries through at once and one more each kRefillSeconds.
  struct SourceTries {
    int64_t free_at = 0;  // when no try is remembered any more
  };
  struct NameTries {
    int64_t since = 0;  // of the first
    uint32_t from_unknown = 0;
    uint32_t from_known = 0;
  };
  // A network that hosts change addresses in counts as one source: IPv6 /64.
  using Source = std::pair<uint8_t, std::array<uint8_t, 16>>;

  static Source SourceOf(const IpAddress& address);
  bool IsKnown(const Source& source, std::string_view user, int64_t now);

  RecentTable<Source, SourceTries> sources_;
  RecentTable<std::string, NameTries> names_;
  RecentTable<std::pair<std::string, Source>, int64_t> known_;  // when it logged in from there
};

}  // namespace ringwire::enrol

#endif  // RINGWIRE_CORE_ENROL_LOGIN_LIMITER_H_
