#ifndef RINGWIRE_PLATFORM_CONNECT_TCP_CONNECT_H_
#define RINGWIRE_PLATFORM_CONNECT_TCP_CONNECT_H_

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "core/base/instant.h"
#include "core/wire/address.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// A non-blocking TCP socket whose connect has begun. `mark`: of its packets (CAP_NET_ADMIN); 0:
// none.
absl::StatusOr<UniqueFd> BeginTcp(const SocketAddress& to, uint32_t mark);

struct TcpConnection {
  UniqueFd socket;  // connected
  SocketAddress to;
};
// The first of the addresses that answers. The next one is tried when one has failed, or not
// answered for 250 ms (RFC 8305, 5). Unavailable: none, with the reason of each. Blocks.
absl::StatusOr<TcpConnection> ConnectTcp(std::span<const SocketAddress> addresses, uint32_t mark,
                                         Instant deadline);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONNECT_TCP_CONNECT_H_
