#include "core/config/config_file.h"

#include <algorithm>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_set.h"
#include "core/base/check.h"
#include "core/config/named_values.h"
#include "core/config/uapi.h"
#include "core/device/key_text.h"
#include "core/device/secret_text.h"
#include "crypto/x25519.h"
#include "fmt/format.h"

namespace ringwire {
namespace {

// Appends what is no secret to a text that has some.
template <typename... Values>
void Append(std::string* text, fmt::format_string<Values...> form, Values&&... values) {
  AppendSecret({fmt::format(form, std::forward<Values>(values)...)}, text);
}

void AppendKey(std::string_view name, const crypto::Secret<32>& key, std::string* text) {
  std::string base64 = KeyToBase64(key.bytes());
  AppendSecret({name, " = ", base64, "\n"}, text);
  crypto::Cleanse(base64.data(), base64.size());
}

std::string InterfaceText(const ConfigFile& config) {
  std::string text = "[Interface]\n";
  if (config.private_key) AppendKey("PrivateKey", *config.private_key, &text);
  if (config.listen_port) Append(&text, "ListenPort = {}\n", *config.listen_port);
  if (config.fwmark) Append(&text, "FwMark = {:#x}\n", *config.fwmark);
  return text;
}

void AppendPeer(const PeerConfig& peer, std::string* text) {
  Append(text, "\n[Peer]\nPublicKey = {}\n", KeyToBase64(peer.public_key));
  if (peer.preshared_key) AppendKey("PresharedKey", *peer.preshared_key, text);
  std::string_view separator = "AllowedIPs = ";
  // wg before 1.0.20250521 knows no '+' and '-'.
  for (const Prefix& prefix : RemainingPrefixes(peer.allowed_ips)) {
    Append(text, "{}{}", separator, prefix.ToString());
    separator = ", ";
  }
  if (separator == ", ") Append(text, "\n");
  if (peer.endpoint) Append(text, "Endpoint = {}\n", peer.endpoint->ToString());
  // Also when it is 0: `wg syncconf` leaves running what the text doesn't name.
  if (peer.persistent_keepalive_seconds) {
    Append(text, "PersistentKeepalive = {}\n", *peer.persistent_keepalive_seconds);
  }
}

// Clears what `before` names of a peer and `now` does not.
void ClearUnnamed(const NamedValues::Peer& now, const NamedValues::Peer& before, PeerUpdate* peer) {
  if (before.preshared_key && !now.preshared_key) peer->preshared_key.emplace();
  if (before.persistent_keepalive && !now.persistent_keepalive) {
    peer->persistent_keepalive_seconds = uint16_t{0};
  }
  if (before.allowed_ips && !now.allowed_ips) peer->replace_allowed_ips = true;
}

// Empty: it has none, or one that is an address.
std::string NameOfEndpoint(const PeerConfig& peer) {
  if (!peer.endpoint) return {};
  std::string text = peer.endpoint->ToString();
  return SocketAddress::Parse(text) ? std::string() : text;
}

}  // namespace

std::string ConfigError::ToString(std::string_view file_name) const {
  return fmt::format("{}:{}:{}: {}", file_name, position.line, position.column, message);
}

std::vector<Prefix> RemainingPrefixes(const std::vector<AllowedIpChange>& changes) {
  std::vector<Prefix> remaining;
  absl::btree_set<Prefix> decided;
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    if (decided.insert(change->prefix).second && !change->remove) {
      remaining.push_back(change->prefix);
    }
  }
  std::ranges::reverse(remaining);
  return remaining;
}

crypto::PublicKey PublicKeyOf(const ConfigFile& config) {
  if (!config.private_key.has_value()) return {};
  return crypto::PublicFromPrivate(*config.private_key);
}

std::vector<Prefix> AllowedPrefixes(const ConfigFile& config) {
  std::vector<Prefix> prefixes;
  for (const PeerConfig& peer : config.peers) {
    for (const Prefix& prefix : RemainingPrefixes(peer.allowed_ips)) prefixes.push_back(prefix);
  }
  // Of one length as they compare, so that the order is always the same.
  std::ranges::sort(prefixes, [](const Prefix& a, const Prefix& b) {
    return a.length != b.length ? a.length > b.length : a < b;
  });
  const auto repeated = std::ranges::unique(prefixes);
  prefixes.erase(repeated.begin(), repeated.end());
  return prefixes;
}

std::string Strip(const ConfigFile& config) {
  std::string text = InterfaceText(config);
  for (const PeerConfig& peer : config.peers) AppendPeer(peer, &text);
  return text;
}

DeviceUpdate ToDeviceUpdate(const ConfigFile& config,
                            std::span<const std::optional<SocketAddress>> endpoints) {
  CHECK(endpoints.size() == config.peers.size());
  const NamedValues named = NamedIn(config);
  DeviceUpdate update;
  update.private_key = config.private_key;
  update.listen_port = config.listen_port;
  update.fwmark = config.fwmark;
  update.transport_cipher = config.transport_cipher;
  update.replace_peers = true;
  update.peers.reserve(config.peers.size());
  for (size_t i = 0; i < config.peers.size(); ++i) {
    const PeerConfig& peer = config.peers[i];
    update.peers.push_back(
        {.public_key = peer.public_key,
         .preshared_key = peer.preshared_key,
         .endpoint = endpoints[i],
         .endpoint_name = NameOfEndpoint(peer),
         .persistent_keepalive_seconds = peer.persistent_keepalive_seconds,
         // As with wg, also a block that names none replaces what another block of its peer names.
         .replace_allowed_ips =
             !peer.allowed_ips_incremental && named.peers.at(peer.public_key).allowed_ips,
         .allowed_ips = peer.allowed_ips,
         .name = peer.name,
         .transport_cipher = peer.transport_cipher});
  }
  return update;
}

std::string ToDeviceText(const ConfigFile& config, const NamedValues& before,
                         std::span<const std::optional<SocketAddress>> endpoints, uint32_t fwmark) {
  DeviceUpdate update = ToDeviceUpdate(config, endpoints);
  if (!update.private_key && before.private_key) update.private_key.emplace();
  if (fwmark != 0) update.fwmark = fwmark;
  const NamedValues now = NamedIn(config);
  absl::flat_hash_set<crypto::PublicKey> cleared;
  for (PeerUpdate& peer : update.peers) {
    const auto old = before.peers.find(peer.public_key);
    // Of several blocks of one peer the first one clears for all.
    if (old == before.peers.end() || !cleared.insert(peer.public_key).second) continue;
    ClearUnnamed(now.peers.at(peer.public_key), old->second, &peer);
  }
  return FormatSet(update);
}

}  // namespace ringwire
