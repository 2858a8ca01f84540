#include "platform/app/endpoint_resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "fmt/format.h"

namespace ringwire::platform {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

std::optional<SocketAddress> FromSystem(const sockaddr* address, uint16_t port) {
  SocketAddress result;
  result.port = port;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof(v4));
    const auto* const bytes = reinterpret_cast<const uint8_t*>(&v4.sin_addr);
    result.address = IpAddress::V4(std::span<const uint8_t, 4>(bytes, 4));
    return result;
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6;
  std::memcpy(&v6, address, sizeof(v6));
  result.address = IpAddress::V6(std::span<const uint8_t, 16>(v6.sin6_addr.s6_addr, 16));
  result.scope_id = v6.sin6_scope_id;
  return result;
}

absl::StatusOr<SocketAddress> Resolve(const EndpointName& name) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(name.host.c_str(), nullptr, &hints, &found);
  const std::unique_ptr<addrinfo, FreeAddresses> list(found);
  if (error == EAI_SYSTEM) return absl::ErrnoToStatus(errno, "ask the resolver");
  if (error != 0) return absl::NotFoundError(::gai_strerror(error));
  for (const addrinfo* entry = list.get(); entry != nullptr; entry = entry->ai_next) {
    const std::optional<SocketAddress> address = FromSystem(entry->ai_addr, name.port);
    if (address.has_value()) return *address;
  }
  return absl::NotFoundError("no IPv4 or IPv6 address");
}

}  // namespace

absl::StatusOr<std::vector<std::optional<SocketAddress>>> ResolveEndpoints(
    const ConfigFile& config, const std::string& path) {
  std::vector<std::optional<SocketAddress>> endpoints;
  for (const PeerConfig& peer : config.peers) {
    if (!peer.endpoint.has_value()) {
      endpoints.push_back(std::nullopt);
      continue;
    }
    const absl::StatusOr<SocketAddress> address = Resolve(*peer.endpoint);
    if (!address.ok()) {
      return absl::UnavailableError(fmt::format(
          "{}:{}:{}: resolve {}: {} (check the name and this host's DNS, or give an address)", path,
          peer.endpoint_position.line, peer.endpoint_position.column, peer.endpoint->host,
          std::string(address.status().message())));
    }
    endpoints.push_back(*address);
  }
  return endpoints;
}

}  // namespace ringwire::platform
