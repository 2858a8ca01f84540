#ifndef RINGWIRE_PLATFORM_RELAY_RELAY_SOCKETS_H_
#define RINGWIRE_PLATFORM_RELAY_RELAY_SOCKETS_H_

#include <cstdint>
#include <functional>
#include <span>

#include "platform/control/socket_source.h"
#include "platform/relay/relay_channel.h"
#include "platform/relay/socket_bodies.h"

namespace ringwire::platform {

// The sockets of a relay, which its supervisor opens and marks. Waits for the reply, as `wg` does,
// with a deadline. Passes other messages of the supervisor to `defer` meanwhile. For the control
// thread.
class RelaySockets final : public SocketSource {
 public:
  using Defer = std::function<void(RelayMessage)>;

  // `channel` outlives it.
  RelaySockets(RelayChannel* channel, Defer defer);

  absl::StatusOr<UdpSocketGroup> Open(const UdpOptions& options, int asker) override;
  absl::Status Mark(std::span<const int> sockets, uint32_t fwmark, int asker) override;
  // Takes a reply to an abandoned request.
  static bool IsReply(RelayVerb verb);

 private:
  absl::Status Ask(SocketRequest request, std::span<const int> sockets, int asker);
  // The next reply to the latest request.
  absl::StatusOr<RelayMessage> TakeReply(Instant deadline);

  RelayChannel* const channel_;
  const Defer defer_;
  uint32_t latest_id_ = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_RELAY_RELAY_SOCKETS_H_
