#ifndef RINGWIRE_PLATFORM_NAMES_NAME_SERVERS_H_
#define RINGWIRE_PLATFORM_NAMES_NAME_SERVERS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/wire/address.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

inline constexpr uint16_t kDnsPort = 53;

// The host's current name servers with their ports, separated by commas. For systemd-resolved its
// upstream servers, because its own queries carry no mark.
std::string ReadNameServers();
// The same as configured: for queries that need no mark.
std::string ReadNameServersOfHost();

// The servers of a tunnel, which this host uses while the tunnel is up.
struct TunnelServers {
  std::vector<IpAddress> addresses;
  std::string record;  // of resolvconf; empty: none
  friend bool operator==(const TunnelServers&, const TunnelServers&) = default;
};
// As ReadNameServers, but without those of the tunnel: the present servers of the other interfaces,
// which DHCP may have changed since the tunnel came up. Empty: these files name none.
// `root`: in front of all paths.
std::string ReadNameServersBeside(const TunnelServers& tunnel, const std::string& root = "");

std::vector<SocketAddress> ParseNameServers(std::string_view servers);

// A socket with this mark (0: none), connected to a server; a stream may still be connecting. Does
// not wait. Invalid: no route.
UniqueFd ConnectMarked(const SocketAddress& server, uint32_t mark, bool is_stream);

// Sorts addresses with a route for a marked socket first, IPv6 before IPv4; otherwise keeps the
// order.
std::vector<SocketAddress> ReachableFirst(const std::vector<SocketAddress>& addresses,
                                          uint32_t mark);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NAMES_NAME_SERVERS_H_
