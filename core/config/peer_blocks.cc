#include "core/config/peer_blocks.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "core/device/key_text.h"
#include "core/device/secret_text.h"
#include "crypto/secret.h"
#include "fmt/format.h"
#include "fmt/ranges.h"

namespace ringwire {
namespace {

// Of one network: more than a gateway has peers.
constexpr uint32_t kAddressesTried = uint32_t{1} << 17;

// The address `count` after the first one of the prefix.
IpAddress AddressAt(const Prefix& network, uint32_t count) {
  IpAddress address = network.address;
  const size_t end = address.family == IpFamily::kV4 ? 4 : 16;
  for (size_t i = 0; i < 4; ++i) {
    const uint32_t sum = address.bytes[end - 1 - i] + (count & 0xff);
    address.bytes[end - 1 - i] = static_cast<uint8_t>(sum);
    count = (count >> 8) + (sum >> 8);
  }
  return address;
}

bool IsLast(const Prefix& network, const IpAddress& address, uint32_t count) {
  return address.family == IpFamily::kV4 && !network.Contains(AddressAt(network, count + 1));
}

// The addresses in a network that somebody has.
class TakenAddresses {
 public:
  TakenAddresses(const ConfigFile& config, const Prefix& network) {
    for (const InterfaceAddress& own : config.addresses) hosts_.insert(own.address.ToString());
    for (const PeerConfig& peer : config.peers) {
      for (const Prefix& prefix : RemainingPrefixes(peer.allowed_ips)) {
        // A peer with the whole network is a way to it; its address is its own matter.
        if (prefix.length <= network.length) continue;
        if (prefix.IsHost()) {
          hosts_.insert(prefix.address.ToString());
        } else {
          prefixes_.push_back(prefix);
        }
      }
    }
  }
  bool Has(const IpAddress& address) const {
    return hosts_.contains(address.ToString()) ||
           std::ranges::any_of(prefixes_, [&](const Prefix& p) { return p.Contains(address); });
  }

 private:
  absl::flat_hash_set<std::string> hosts_;
  std::vector<Prefix> prefixes_;
};

std::optional<IpAddress> FreeAddress(const ConfigFile& config, const Prefix& network) {
  const TakenAddresses taken(config, network);
  for (uint32_t count = 1; count < kAddressesTried; ++count) {
    const IpAddress address = AddressAt(network, count);
    if (!network.Contains(address) || IsLast(network, address, count)) return std::nullopt;
    if (!taken.Has(address)) return address;
  }
  return std::nullopt;
}

// The interface's networks: its addresses with more than themselves in them.
std::vector<Prefix> NetworksOf(const ConfigFile& config) {
  std::vector<Prefix> networks;
  for (const InterfaceAddress& one : config.addresses) {
    if (one.length < one.address.Bits() && !one.address.IsLinkLocalV6()) {
      networks.push_back(Prefix::Of(one.address, one.length));
    }
  }
  return networks;
}

std::string HostPrefixes(const std::vector<IpAddress>& addresses) {
  std::vector<std::string> words;
  for (const IpAddress& address : addresses) {
    words.push_back(fmt::format("{}/{}", address.ToString(), address.Bits()));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

void AppendKeyLine(std::string_view name, std::span<const uint8_t, 32> key, std::string* text) {
  std::string base64 = KeyToBase64(key);
  AppendSecret({name, " = ", base64, "\n"}, text);
  crypto::Cleanse(base64.data(), base64.size());
}

std::string_view Trimmed(std::string_view line) {
  const size_t begin = line.find_first_not_of(" \t\r");
  return begin == std::string_view::npos ? std::string_view() : line.substr(begin);
}

// The lines of a text, each with its end.
std::vector<std::string_view> LinesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

// Where the comments right above line `at` begin.
size_t CommentsAbove(const std::vector<std::string_view>& lines, size_t at) {
  while (at > 0 && Trimmed(lines[at - 1]).starts_with('#')) --at;
  return at;
}

}  // namespace

absl::StatusOr<std::vector<IpAddress>> FreeAddresses(const ConfigFile& config) {
  std::vector<IpAddress> found;
  const std::vector<Prefix> networks = NetworksOf(config);
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    for (const Prefix& network : networks) {
      if (network.address.family != family) continue;
      const std::optional<IpAddress> address = FreeAddress(config, network);
      if (!address.has_value()) continue;
      found.push_back(*address);
      break;
    }
  }
  if (!found.empty()) return found;
  return absl::FailedPreconditionError(
      networks.empty() ? "its interface has no network to take an address from; give it one, such "
                         "as Address = 10.77.0.1/24"
                       : "no address of its interface's networks is free");
}

std::string WithPeer(std::string_view text, const NewPeer& peer) {
  std::string result;
  ReserveSecret(text.size() + 1024 + peer.name.size(), &result);
  AppendSecret({text, text.empty() || text.ends_with('\n') ? "" : "\n"}, &result);
  AppendSecret({"\n[Peer]\nName = ", peer.name, "\n"}, &result);
  AppendKeyLine("PublicKey", peer.public_key, &result);
  AppendKeyLine("PresharedKey", peer.preshared_key.bytes(), &result);
  AppendSecret({"AllowedIPs = ", HostPrefixes(peer.addresses), "\n"}, &result);
  return result;
}

std::string WithoutPeers(std::string_view text, std::span<const uint32_t> lines) {
  const std::vector<std::string_view> all = LinesOf(text);
  std::string result;
  ReserveSecret(text.size(), &result);
  size_t kept_until = 0;
  for (const uint32_t line : lines) {
    const size_t header = line - 1;
    size_t end = header + 1;
    while (end < all.size() && !Trimmed(all[end]).starts_with('[')) ++end;
    if (end < all.size()) end = CommentsAbove(all, end);
    const size_t begin = std::max(CommentsAbove(all, header), kept_until);
    for (size_t i = kept_until; i < begin; ++i) AppendSecret({all[i]}, &result);
    kept_until = std::max(end, header + 1);
  }
  for (size_t i = kept_until; i < all.size(); ++i) AppendSecret({all[i]}, &result);
  return result;
}

std::string ClientText(const ClientFile& client) {
  std::vector<std::string> networks;
  for (const Prefix& network : NetworksOf(*client.gateway)) networks.push_back(network.ToString());
  std::vector<std::string> servers;
  for (const NameServer& server : client.gateway->dns.servers) servers.push_back(server.ToString());
  std::string text;
  ReserveSecret(2048 + 64 * (networks.size() + servers.size()), &text);
  AppendSecret({"# ", client.peer->name, "\n[Interface]\n"}, &text);
  AppendKeyLine("PrivateKey", client.private_key.bytes(), &text);
  AppendSecret({"Address = ", HostPrefixes(client.peer->addresses), "\n"}, &text);
  if (client.full_tunnel && !servers.empty()) {
    AppendSecret({"DNS = ", fmt::format("{}", fmt::join(servers, ", ")), "\n"}, &text);
  }
  AppendSecret({"\n[Peer]\n"}, &text);
  AppendKeyLine("PublicKey", client.gateway_key, &text);
  AppendKeyLine("PresharedKey", client.peer->preshared_key.bytes(), &text);
  AppendSecret(
      {"Endpoint = ", client.endpoint, "\nAllowedIPs = ",
       client.full_tunnel ? "0.0.0.0/0, ::/0" : fmt::format("{}", fmt::join(networks, ", ")),
       "\nPersistentKeepalive = 25\n"},
      &text);
  return text;
}

}  // namespace ringwire
