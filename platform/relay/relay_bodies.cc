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

}  // namespace ringwire::platform
