#include "platform/relay/relay_bodies.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "absl/status/status.h"
#include "core/base/ascii.h"
#include "core/config/config_file.h"
#include "core/device/key_text.h"
#include "fmt/format.h"

namespace ringwire::platform {
namespace {

constexpr size_t kKeyBytes = sizeof(crypto::PublicKey);

}  // namespace

std::string EndpointsText(std::span<const PeerUpdate> peers) {
  std::string text;
  for (const PeerUpdate& peer : peers) {
    fmt::format_to(std::back_inserter(text), "[Peer]\nPublicKey = {}\nEndpoint = {}\n",
                   KeyToBase64(peer.public_key), peer.endpoint->ToString());
  }
  return text;
}

absl::StatusOr<std::vector<PeerUpdate>> ParseEndpoints(std::string_view text) {
  const ConfigParse parse = ParseConfigFile(text);
  if (!parse.ok()) return absl::InternalError(parse.errors.front().message);
  std::vector<PeerUpdate> peers;
  for (const PeerConfig& peer : parse.config.peers) {
    if (!peer.endpoint.has_value()) return absl::InternalError("a peer without an endpoint");
    PeerUpdate& update = peers.emplace_back();
    update.public_key = peer.public_key;
    update.update_only = true;
    update.endpoint = SocketAddress::Parse(peer.endpoint->ToString());
    if (!update.endpoint.has_value()) return absl::InternalError("an endpoint that is no address");
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
