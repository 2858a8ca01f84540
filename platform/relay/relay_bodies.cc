#include "platform/relay/relay_bodies.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "core/base/ascii.h"
#include "core/config/config_file.h"
#include "core/device/key_text.h"
#include "fmt/format.h"

namespace ringwire::platform {
namespace {

constexpr size_t kKeyBytes = sizeof(crypto::PublicKey);

// Both begin with an id and a byte.
constexpr size_t kHeadBytes = sizeof(uint32_t) + 1;

std::string Head(uint32_t id, uint8_t byte) {
  std::string head(kHeadBytes, '\0');
  std::memcpy(head.data(), &id, sizeof(id));
  head.back() = static_cast<char>(byte);
  return head;
}

uint32_t IdOf(std::string_view body) {
  uint32_t id = 0;
  std::memcpy(&id, body.data(), sizeof(id));
  return id;
}

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

std::string RequestBody(const RelayRequest& request) {
  return Head(request.id, static_cast<uint8_t>(request.what));
}

std::optional<RelayRequest> ParseRequest(std::string_view body) {
  if (body.size() != kHeadBytes) return std::nullopt;
  for (const ServiceRequest what : {ServiceRequest::kReload, ServiceRequest::kSave}) {
    if (static_cast<char>(what) == body.back()) return RelayRequest{IdOf(body), what};
  }
  return std::nullopt;
}

std::string AnswerBody(uint32_t id, const ServiceResult& result) {
  return Head(id, result.ok ? 1 : 0) + result.text;
}

std::optional<std::pair<uint32_t, ServiceResult>> ParseAnswer(std::string_view body) {
  if (body.size() < kHeadBytes) return std::nullopt;
  const bool ok = body[kHeadBytes - 1] != 0;
  return std::pair(IdOf(body), ServiceResult{ok, std::string(body.substr(kHeadBytes))});
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
