#ifndef RINGWIRE_PLATFORM_SUPERVISOR_SOCKET_GRANTS_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_SOCKET_GRANTS_H_

#include <cstddef>
#include <cstdint>
#include <set>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/instant.h"

namespace ringwire::platform {

// Which UDP sockets a relay gets, which its supervisor does not trust. It may bind what any program
// may; what takes a right of root's, somebody who has that right must have asked for: a port below
// 1024, or a mark, which leads packets past the rules of the host. Pure: time is an argument.
class SocketGrants {
 public:
  static constexpr int kBurst = 20;
  static constexpr absl::Duration kEach = absl::Seconds(3);  // one more is granted after it
  static constexpr uint16_t kFreePortFirst = 1024;

  // What the configuration gives: the port and the mark that it names, and no other.
  void SetConfigured(uint16_t port, uint32_t mark);
  // One that takes its place soon, unless it fails; or one of before.
  void AlsoAllow(uint16_t port, uint32_t mark);
  // The supervisor itself makes the relay ask once: that is not counted.
  void Expect() { ++expected_; }

  struct Wish {
    uint16_t port = 0;
    uint32_t mark = 0;
    bool root_asks = false;  // proved
  };
  // OK: granted. Else why not: ResourceExhausted, for now; PermissionDenied.
  absl::Status Decide(Instant now, const Wish& wish);

 private:
  bool HasRoom(Instant now);

  std::set<uint16_t> ports_;
  std::set<uint32_t> marks_;
  int expected_ = 0;
  Instant full_at_;  // when the whole burst would be there again
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_SOCKET_GRANTS_H_
