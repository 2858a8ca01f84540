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

// The name servers that the host asks now, with their ports, one behind the other with commas. Of
// systemd-resolved those behind it, as its own questions carry no mark.
std::string ReadNameServers();
// The same, as they are named: for questions that need no mark.
std::string ReadNameServersOfHost();
std::vector<SocketAddress> ParseNameServers(std::string_view servers);

// A socket that is marked (0: it is not) and connected to a server, or to one that would be: a
// stream may still be on its way. Does not wait. Invalid: there is no way there.
UniqueFd ConnectMarked(const SocketAddress& server, uint32_t mark, bool is_stream);

// First those that a marked socket finds a way to, IPv6 before IPv4; else as they were.
std::vector<SocketAddress> ReachableFirst(const std::vector<SocketAddress>& addresses,
                                          uint32_t mark);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NAMES_NAME_SERVERS_H_
