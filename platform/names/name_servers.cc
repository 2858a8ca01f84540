#include "platform/names/name_servers.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <compare>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <system_error>

#include "platform/base/resolv_conf.h"
#include "platform/names/endpoint_resolver.h"
#include "platform/names/resolver_messages.h"
#include "platform/udp/control_messages.h"

namespace ringwire::platform {
namespace {

constexpr char kResolvedStub[] = "127.0.0.53:53";
constexpr char kDefaultServer[] = "127.0.0.1:53";  // where that file names none

// Where resolvconf keeps a record for each interface: Debian's, and openresolv's in two versions.
constexpr std::array<const char*, 3> kRecordFolders = {
    "/run/resolvconf/interface", "/run/resolvconf/interfaces", "/run/resolvconf/keys"};

std::vector<SocketAddress> AddressesIn(const std::string& path) {
  std::vector<SocketAddress> servers;
  for (const std::string& text : NameServersIn(path)) {
    std::optional<SocketAddress> server = NumericAddress(text);
    if (!server.has_value()) continue;  // its zone is no interface
    server->port = kDnsPort;
    servers.push_back(*server);
  }
  return servers;
}

std::string TextOf(const std::vector<SocketAddress>& servers) {
  std::string text;
  for (const SocketAddress& server : servers) {
    if (!text.empty()) text.push_back(',');
    text += server.ToString();
  }
  return text;
}

std::string ServersIn(const char* path) { return TextOf(AddressesIn(path)); }

void RemoveThose(const std::vector<IpAddress>& removed, std::vector<SocketAddress>* servers) {
  std::erase_if(*servers, [&removed](const SocketAddress& server) {
    return std::ranges::find(removed, server.address) != removed.end();
  });
}

// Of all interfaces but the tunnel, at most kServersMax.
std::vector<SocketAddress> RecordedServers(const TunnelServers& tunnel, const std::string& root) {
  std::vector<SocketAddress> servers;
  for (const char* const folder : kRecordFolders) {
    std::vector<std::string> paths;
    std::error_code error;
    std::filesystem::directory_iterator entry(root + folder, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      if (entry->path().filename() != tunnel.record) paths.push_back(entry->path());
    }
    std::ranges::sort(paths);
    for (const std::string& path : paths) {
      for (const SocketAddress& server : AddressesIn(path)) {
        if (std::ranges::find(servers, server) == servers.end()) servers.push_back(server);
      }
    }
  }
  RemoveThose(tunnel.addresses, &servers);
  servers.resize(std::min(servers.size(), kServersMax));
  return servers;
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

std::string ReadNameServersBeside(const TunnelServers& tunnel, const std::string& root) {
  std::vector<SocketAddress> servers = AddressesIn(root + kResolvConf);
  if (TextOf(servers) == kResolvedStub) servers = AddressesIn(root + kBehindResolved);
  RemoveThose(tunnel.addresses, &servers);
  if (servers.empty()) servers = RecordedServers(tunnel, root);
  return TextOf(servers);
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
