#ifndef RINGWIRE_PLATFORM_NETLINK_ROUTE_LOOKUP_H_
#define RINGWIRE_PLATFORM_NETLINK_ROUTE_LOOKUP_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "core/wire/address.h"
#include "platform/base/unique_fd.h"
#include "platform/netlink/route_message.h"

namespace ringwire::platform {

// Asks the kernel for the route of packets. It answers within the call, so nothing waits.
// Thread-compatible.
class RouteLookup {
 public:
  static absl::StatusOr<RouteLookup> Open();

  // The properties of every packet of our UDP sockets.
  struct Socket {
    uint16_t port = 0;
    uint32_t fwmark = 0;
  };
  // Whether packets to the endpoint should no longer leave from its `local`: it is not our address
  // any more, or the route leaves through another interface than the one on which the peer's
  // packets arrived. Also false if there is no route, which says nothing about the address.
  bool SourceIsOutOfPlace(const Endpoint& endpoint, const Socket& socket);

 private:
  struct Answer {
    int error = 0;  // errno: there is no route, and nothing else is set
    bool is_local = false;
    uint32_t interface = 0;
  };

  explicit RouteLookup(UniqueFd socket) : socket_(std::move(socket)) {}
  // Absent: the kernel's answer could not be parsed.
  std::optional<Answer> Ask(const RouteQuestion& question);

  UniqueFd socket_;
  uint32_t sequence_ = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_ROUTE_LOOKUP_H_
