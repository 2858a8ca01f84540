#ifndef RINGWIRE_PLATFORM_NAMES_TUNNEL_SAFE_RESOLVER_H_
#define RINGWIRE_PLATFORM_NAMES_TUNNEL_SAFE_RESOLVER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/wire/address.h"

// Names of endpoints by /etc/hosts and DNS alone, for when the system's resolver is no help: what
// it asks takes the tunnel, and that may need the answer.
namespace ringwire::platform {

struct MarkedQuestions {
  uint32_t mark = 0;    // of every socket; CAP_NET_ADMIN. 0: none
  std::string servers;  // as ReadNameServers gives them; empty: those of now
  bool hosts_only = false;
};

// The name servers that the host asks now, in a form for MarkedQuestions. Of systemd-resolved those
// behind it, as its own questions carry no mark.
std::string ReadNameServers();

// All addresses of `host`, with port 0; first those that a marked socket finds a way to, IPv6
// before IPv4. Blocks, for some seconds at most.
absl::StatusOr<std::vector<SocketAddress>> LookUpByMark(const std::string& host,
                                                        const MarkedQuestions& questions);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NAMES_TUNNEL_SAFE_RESOLVER_H_
