#include "platform/relay/relay_bodies.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "core/base/ascii.h"
#include "core/config/uapi.h"

namespace ringwire::platform {
namespace {

constexpr size_t kKeyBytes = sizeof(crypto::PublicKey);

}  // namespace

std::string EndpointsText(std::span<const PeerUpdate> peers) {
  DeviceUpdate update;
  for (const PeerUpdate& peer : peers) {
    update.peers.push_back(
        {.public_key = peer.public_key, .update_only = true, .endpoint = peer.endpoint});
  }
  return FormatSet(update);
}

absl::StatusOr<std::vector<PeerUpdate>> ParseEndpoints(std::string_view text) {
  auto parsed = ParseSet(text);
  if (const auto* const error = std::get_if<UapiError>(&parsed)) {
    return absl::InternalError(error->reason);
  }
  std::vector<PeerUpdate> peers = std::get<DeviceUpdate>(std::move(parsed)).peers;
  for (const PeerUpdate& peer : peers) {
    if (!peer.update_only || peer.remove || !peer.endpoint.has_value()) {
      return absl::InternalError("a peer whose endpoint does not move");
    }
  }
  return peers;
}

std::string ReasonOf(const RelayMessage& failed) {
  std::string reason = failed.body;
  std::ranges::replace_if(reason, IsControl, '?');
  return reason;
}

std::string IndexBody(uint32_t index) {
  return std::string(reinterpret_cast<const char*>(&index), sizeof(index));
}

std::optional<uint32_t> ParseIndex(std::string_view body) {
  uint32_t index = 0;
  if (body.size() != sizeof(index)) return std::nullopt;
  std::memcpy(&index, body.data(), sizeof(index));
  return index;
}

std::string KeysBody(std::span<const crypto::PublicKey> keys) {
  std::string body;
  body.reserve(keys.size() * kKeyBytes);
  for (const crypto::PublicKey& key : keys) {
    body.append(reinterpret_cast<const char*>(key.data()), key.size());
  }
  return body;
}

std::optional<std::vector<crypto::PublicKey>> ParseKeys(std::string_view body, size_t count_max) {
  if (body.size() % kKeyBytes != 0 || body.size() / kKeyBytes > count_max) {
    return std::nullopt;
  }
  std::vector<crypto::PublicKey> keys(body.size() / kKeyBytes);
  for (crypto::PublicKey& key : keys) {
    std::memcpy(key.data(), body.data(), kKeyBytes);
    body.remove_prefix(kKeyBytes);
  }
  return keys;
}

std::string HostsBody(std::span<const PeerHosts> peers) {
  std::string body;
  const auto append = [&body](const crypto::PublicKey& peer, const IpAddress& address) {
    body.append(reinterpret_cast<const char*>(peer.data()), peer.size());
    body.push_back(static_cast<char>(address.family));
    body.append(reinterpret_cast<const char*>(address.bytes.data()), address.bytes.size());
  };
  for (const PeerHosts& one : peers) {
    if (one.hosts.empty()) append(one.peer, IpAddress{});
    for (const IpAddress& host : one.hosts) append(one.peer, host);
  }
  return body;
}

std::optional<std::vector<PeerHosts>> ParseHosts(std::string_view body) {
  if (body.size() % kHostRecordSize != 0 || body.size() > kHostsBodyMax) return std::nullopt;
  std::vector<PeerHosts> peers;
  for (; !body.empty(); body.remove_prefix(kHostRecordSize)) {
    crypto::PublicKey peer;
    IpAddress address;
    std::memcpy(peer.data(), body.data(), peer.size());
    const auto family = static_cast<uint8_t>(body[peer.size()]);
    if (family != static_cast<uint8_t>(IpFamily::kNone) &&
        family != static_cast<uint8_t>(IpFamily::kV4) &&
        family != static_cast<uint8_t>(IpFamily::kV6)) {
      return std::nullopt;
    }
    address.family = static_cast<IpFamily>(family);
    std::memcpy(address.bytes.data(), body.data() + peer.size() + 1, address.bytes.size());
    if (peers.empty() || peers.back().peer != peer) peers.push_back({peer, {}});
    if (address.family != IpFamily::kNone) peers.back().hosts.push_back(address);
  }
  return peers;
}

}  // namespace ringwire::platform
