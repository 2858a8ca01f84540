#include "platform/names/name_servers.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <compare>
#include <cstddef>
#include <fstream>
#include <optional>
#include <sstream>

#include "platform/names/endpoint_resolver.h"
#include "platform/names/resolver_messages.h"
#include "platform/udp/control_messages.h"

namespace ringwire::platform {
namespace {

constexpr char kResolvedStub[] = "127.0.0.53:53";
constexpr char kResolvConf[] = "/etc/resolv.conf";
constexpr char kBehindResolved[] = "/run/systemd/resolve/resolv.conf";
constexpr char kDefaultServer[] = "127.0.0.1:53";  // where that file names none

std::string ServersIn(const char* path) {
  std::ifstream file(path);
  std::string text;
  size_t count = 0;
  for (std::string line; count < kServersMax && std::getline(file, line);) {
    std::istringstream words(line);
    std::string key;
    std::string value;
    if (!(words >> key >> value) || key != "nameserver") continue;
    std::optional<SocketAddress> server = NumericAddress(value);
    if (!server.has_value()) continue;
    server->port = kDnsPort;
    if (count++ > 0) text.push_back(',');
    text += server->ToString();
  }
  return text;
}

}  // namespace

std::string ReadNameServersOfHost() {
  const std::string servers = ServersIn(kResolvConf);
  return servers.empty() ? kDefaultServer : servers;
}

std::string ReadNameServers() {
  std::string servers = ReadNameServersOfHost();
  if (servers != kResolvedStub) return servers;
  std::string behind = ServersIn(kBehindResolved);
  return behind.empty() ? servers : behind;
}

std::vector<SocketAddress> ParseNameServers(std::string_view servers) {
  std::vector<SocketAddress> parsed;
  while (!servers.empty() && parsed.size() < kServersMax) {
    const std::string_view text = servers.substr(0, servers.find(','));
    servers.remove_prefix(std::min(text.size() + 1, servers.size()));
    const std::optional<SocketAddress> server = SocketAddress::Parse(text);
    if (server.has_value()) parsed.push_back(*server);
  }
  return parsed;
}

UniqueFd ConnectMarked(const SocketAddress& server, uint32_t mark, bool is_stream) {
  const int family = server.address.family == IpFamily::kV4 ? AF_INET : AF_INET6;
  const int type = is_stream ? SOCK_STREAM : SOCK_DGRAM;
  UniqueFd socket(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return socket;
  // Before connect(), which chooses its route and source address.
  if (mark != 0 && ::setsockopt(socket.get(), SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) != 0) {
    return UniqueFd();
  }
  SocketName name{};
  const socklen_t size = ToSocketName(server, &name);
  if (::connect(socket.get(), &name.any, size) == 0 || errno == EINPROGRESS) return socket;
  return UniqueFd();
}

std::vector<SocketAddress> ReachableFirst(const std::vector<SocketAddress>& addresses,
                                          uint32_t mark) {
  struct Candidate {
    bool unreachable;
    bool is_v4;
    size_t index;
    auto operator<=>(const Candidate&) const = default;
  };
  std::vector<Candidate> candidates;
  for (const SocketAddress& address : addresses) {
    SocketAddress probe = address;  // to which no datagram is sent
    probe.port = kDnsPort;
    const bool reachable = ConnectMarked(probe, mark, /*is_stream=*/false).valid();
    candidates.push_back({!reachable, address.address.family == IpFamily::kV4, candidates.size()});
  }
  std::ranges::sort(candidates);
  std::vector<SocketAddress> ordered;
  for (const Candidate& candidate : candidates) ordered.push_back(addresses[candidate.index]);
  return ordered;
}

}  // namespace ringwire::platform
