#include "platform/names/endpoint_names.h"

#include <algorithm>
#include <utility>

#include "core/device/key_text.h"
#include "fmt/format.h"
#include "platform/process/report_error.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

SocketAddress WithPort(SocketAddress address, uint16_t port) {
  address.port = port;
  return address;
}

bool Contains(const std::vector<SocketAddress>& addresses, uint16_t port,
              const std::optional<SocketAddress>& wanted) {
  return std::ranges::any_of(
      addresses, [&](const SocketAddress& address) { return wanted == WithPort(address, port); });
}

// The address after `tried`, cyclically; the first one if `tried` is not among them.
SocketAddress Next(const std::vector<SocketAddress>& addresses, uint16_t port,
                   const std::optional<SocketAddress>& tried) {
  for (size_t i = 0; i + 1 < addresses.size(); ++i) {
    if (tried == WithPort(addresses[i], port)) return WithPort(addresses[i + 1], port);
  }
  return WithPort(addresses.front(), port);
}

}  // namespace

absl::Status EndpointNames::Follow(const ConfigFile& config, const std::string& path) {
  path_ = path;
  const auto before = std::exchange(peers_, {});
  std::vector<std::string> names;
  for (const PeerConfig& peer : config.peers) {
    if (!peer.endpoint.has_value()) continue;
    // Of several blocks of one peer the last one with an endpoint counts.
    peers_.erase(peer.public_key);
    if (NumericAddress(peer.endpoint->host).has_value()) continue;
    NamedPeer& named = peers_[peer.public_key];
    named = {*peer.endpoint, peer.endpoint_position, std::nullopt, false};
    const auto old_one = before.find(peer.public_key);
    const auto known = known_.find(peer.endpoint->host);
    if (old_one != before.end() && old_one->second.endpoint == named.endpoint) {
      named.found = old_one->second.found;
      named.is_silent = old_one->second.is_silent;
    } else if (known != known_.end()) {
      named.found = WithPort(known->second.front(), named.endpoint.port);
    }
    names.push_back(peer.endpoint->host);
  }
  const absl::flat_hash_set<std::string> wanted(names.begin(), names.end());
  absl::erase_if(known_, [&](const auto& known) { return !wanted.contains(known.first); });
  absl::erase_if(warned_, [&](const std::string& name) { return !wanted.contains(name); });
  return resolver_->Want(names);
}

std::vector<std::optional<SocketAddress>> EndpointNames::EndpointsOf(
    const ConfigFile& config) const {
  std::vector<std::optional<SocketAddress>> endpoints;
  endpoints.reserve(config.peers.size());
  for (const PeerConfig& peer : config.peers) {
    std::optional<SocketAddress>& endpoint = endpoints.emplace_back();
    if (!peer.endpoint.has_value()) continue;
    const auto followed = peers_.find(peer.public_key);
    const auto known = known_.find(peer.endpoint->host);
    if (followed != peers_.end() && followed->second.endpoint == *peer.endpoint) {
      endpoint = followed->second.found;
    } else if (known != known_.end()) {
      endpoint = known->second.front();
    } else {
      endpoint = NumericAddress(peer.endpoint->host);
    }
    if (endpoint.has_value()) endpoint->port = peer.endpoint->port;
  }
  return endpoints;
}

void EndpointNames::TakeAnswers(const Move& move) {
  std::vector<PeerUpdate> moved;
  for (const NameAnswer& answer : resolver_->TakeAnswers()) {
    if (!answer.addresses.ok()) {
      Warn(answer);
      continue;
    }
    for (PeerUpdate& peer : Found(answer.name, *answer.addresses)) moved.push_back(std::move(peer));
  }
  if (move != nullptr && !moved.empty()) move(moved);
}

std::vector<PeerUpdate> EndpointNames::Found(const std::string& name, const Addresses& addresses) {
  std::vector<PeerUpdate> moved;
  bool is_wanted = false;
  for (auto& [public_key, peer] : peers_) {
    if (peer.endpoint.host != name) continue;
    is_wanted = true;
    const bool is_silent = std::exchange(peer.is_silent, false);
    // A resolver may return several, in any order: an address that is still among them has not
    // changed.
    if (!is_silent && Contains(addresses, peer.endpoint.port, peer.found)) continue;
    const SocketAddress next = Next(addresses, peer.endpoint.port, peer.found);
    if (peer.found != next) {
      spdlog::info("{}: {} is at {}", PeerLabel(public_key), name, next.ToString());
    }
    peer.found = next;
    PeerUpdate& update = moved.emplace_back();
    update.public_key = public_key;
    update.update_only = true;
    update.endpoint = peer.found;
  }
  if (is_wanted) known_[name] = addresses;
  warned_.erase(name);
  return moved;
}

void EndpointNames::Warn(const NameAnswer& answer) {
  if (known_.contains(answer.name) || !warned_.insert(answer.name).second) return;
  const NamedPeer* first = nullptr;
  for (const auto& [public_key, peer] : peers_) {
    if (peer.endpoint.host != answer.name) continue;
    if (first == nullptr || peer.position.line < first->position.line) first = &peer;
  }
  if (first == nullptr) return;  // the answer to an earlier question
  spdlog::warn(
      "{}:{}:{}: cannot resolve {}: {}; check the name and this host's DNS, or write an address "
      "(retried until it succeeds)",
      path_, first->position.line, first->position.column, answer.name,
      MessageOf(answer.addresses.status()));
}

void EndpointNames::Doubt(std::span<const crypto::PublicKey> peers) {
  for (const crypto::PublicKey& public_key : peers) {
    const auto found = peers_.find(public_key);
    if (found == peers_.end()) continue;
    found->second.is_silent = true;
    resolver_->Doubt(found->second.endpoint.host);
  }
}

}  // namespace ringwire::platform
