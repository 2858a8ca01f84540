#ifndef RINGWIRE_PLATFORM_UDP_UDP_SOCKET_H_
#define RINGWIRE_PLATFORM_UDP_UDP_SOCKET_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/wire/address.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// One worker's pair of sockets. `v6` is absent on a host without IPv6, `v4` on one without IPv4.
struct UdpSockets {
  UniqueFd v4;
  UniqueFd v6;  // IPV6_V6ONLY
};

// The result of OpenUdpSockets: one pair per worker, all on one port.
struct UdpSocketGroup {
  uint16_t port = 0;
  std::vector<UdpSockets> workers;
};

struct UdpOptions {
  uint16_t port = 0;  // 0: any free port, the same for both families
  size_t workers = 1;
  uint32_t fwmark = 0;
  bool gro = false;          // UDP_GRO: trains in
  bool names_holder = true;  // of a busy port; needs /proc, which a confined process may not read
};

// Opens and binds the whole group. The first socket of a family binds exclusively, which detects a
// busy port, and only then shares it (SO_REUSEPORT). Every socket is non-blocking, reports the
// contacted address (IP_PKTINFO) and the outer TOS, sends IPv4 without DF, and has 7 MB buffers
// where the kernel grants them. The error names the port and what to do.
absl::StatusOr<UdpSocketGroup> OpenUdpSockets(const UdpOptions& options);
// Changes the firewall mark (SO_MARK) of each socket, under whoever uses it.
absl::Status SetFwmark(std::span<const int> sockets, uint32_t fwmark);

// Sends one datagram at once on the matching socket of the pair, from `to.local` if that is set. If
// that address is not ours any more, sends without it and sets *source_unusable. For control and
// for the slow path. Thread-safe.
absl::Status SendDatagram(const UdpSockets& sockets, const Endpoint& to, uint8_t tos,
                          std::span<const uint8_t> bytes, bool* source_unusable);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_UDP_UDP_SOCKET_H_
