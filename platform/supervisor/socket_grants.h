#ifndef RINGWIRE_PLATFORM_SUPERVISOR_SOCKET_GRANTS_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_SOCKET_GRANTS_H_

#include <cstddef>
#include <cstdint>
#include <set>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/instant.h"

namespace ringwire::platform {

// Decides which UDP sockets an untrusted relay gets. It gets ports that any program may bind. A
// port below 1024, or a mark, which bypasses rules of the host, needs a request by somebody with
// that right. Pure: time is an argument.
class SocketGrants {
 public:
  static constexpr int kBurst = 20;
  static constexpr absl::Duration kEach = absl::Seconds(3);  // one more is granted after it
  static constexpr uint16_t kFreePortFirst = 1024;

  // The port and the mark of the configuration, and no others.
  void SetConfigured(uint16_t port, uint32_t mark);
  // A configuration that will replace it unless it fails; or the previous one.
  void AlsoAllow(uint16_t port, uint32_t mark);
  // The supervisor makes the relay ask once: that request is not counted.
  void Expect() { ++expected_; }

  struct Wish {
    uint16_t port = 0;
    uint32_t mark = 0;
    bool root_asks = false;  // proved
  };
  // OK: granted. ResourceExhausted: refused for now. PermissionDenied: refused.
  absl::Status Decide(Instant now, const Wish& wish);

 private:
  bool HasRoom(Instant now);

  std::set<uint16_t> ports_;
  std::set<uint32_t> marks_;
  uint32_t root_mark_ = 0;  // the latest one that root asked for: a reload may keep it
  int expected_ = 0;
  Instant full_at_;  // when the whole burst would be there again
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_SOCKET_GRANTS_H_
