#include <algorithm>
#include <bitset>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "core/config/config_parser.h"
#include "core/device/key_text.h"
#include "crypto/x25519.h"
#include "fmt/format.h"

// Peers against each other and against the interface.
namespace ringwire::config_parser {
namespace {

constexpr std::string_view kRouteHint =
    "(write 0.0.0.0/0 or ::/0, which leaves the tunnel's own datagrams outside, or networks "
    "without "
    "this address)";

// A peer may have several sections; what is said of it is the same in each.
struct PeerFacts {
  uint32_t line = 0;  // of its first section
  bool has_endpoint = false;
  bool has_allowed_ips = false;
  std::vector<Prefix> allowed;  // of all its sections
};

class PeerReview {
 public:
  explicit PeerReview(Reading* reading) : reading_(reading), config_(reading->config()) {}
  void Review();

 private:
  // In whose AllowedIPs a prefix is at last.
  using Owners = absl::btree_map<Prefix, const PeerConfig*>;

  void Collect();
  void ReviewBeginning();
  void ReviewKeys(const PeerConfig& peer);
  void ReviewRepeated(const PeerConfig& peer, const PeerFacts& facts);
  void ReviewAllowedIps(const PeerConfig& peer, const PeerFacts& facts);
  void ReviewPrefixes(const PeerConfig& peer);
  void ReviewDefaultRoute(const PeerConfig& peer, const PeerFacts& facts);
  void ReviewName(const PeerConfig& peer);
  void ReviewFamily(const PeerConfig& peer, const PeerFacts& facts);
  void ReviewEndpoint(const PeerConfig& peer);
  void ReviewWayToName(const PeerConfig& peer);
  void ReviewWayTo(const IpAddress& address, const PeerConfig& peer);
  const Owners::value_type* LongestMatch(const IpAddress& address) const;
  bool HasMainRoute(const Prefix& prefix) const;

  Reading* const reading_;
  const ConfigFile& config_;
  absl::flat_hash_map<crypto::PublicKey, PeerFacts> facts_;
  std::optional<crypto::PublicKey> own_key_;
  Owners owners_;
  std::bitset<129> lengths_;  // that any prefix has
  std::map<std::string, const PeerConfig*> endpoints_;
  std::map<std::string_view, const PeerConfig*> names_;
  std::vector<IpFamily> families_named_;  // that have no Address
};

void PeerReview::Review() {
  Collect();
  ReviewBeginning();
  for (const PeerConfig& peer : config_.peers) {
    const PeerFacts& facts = facts_.at(peer.public_key);
    ReviewKeys(peer);
    ReviewRepeated(peer, facts);
    ReviewPrefixes(peer);
    // The rest once for a peer. One that is this device itself, as in a list of all peers, is none.
    if (peer.position.line != facts.line || peer.public_key == own_key_) continue;
    ReviewAllowedIps(peer, facts);
    ReviewDefaultRoute(peer, facts);
    ReviewName(peer);
    ReviewFamily(peer, facts);
  }
  for (const PeerConfig& peer : config_.peers) ReviewEndpoint(peer);
}

void PeerReview::Collect() {
  if (config_.private_key.has_value() && !config_.private_key->IsZero()) {
    own_key_ = crypto::PublicFromPrivate(*config_.private_key);
  }
  facts_.reserve(config_.peers.size());
  for (const PeerConfig& peer : config_.peers) {
    PeerFacts& facts = facts_[peer.public_key];
    if (facts.line == 0) facts.line = peer.position.line;
    facts.has_endpoint |= peer.endpoint.has_value();
    facts.has_allowed_ips |= peer.names_allowed_ips;
    const std::vector<Prefix> prefixes = RemainingPrefixes(peer.allowed_ips);
    facts.allowed.insert(facts.allowed.end(), prefixes.begin(), prefixes.end());
  }
}

void PeerReview::ReviewBeginning() {
  if (config_.peers.empty() || config_.listen_port.value_or(0) != 0) return;
  if (std::ranges::any_of(facts_, [](const auto& peer) { return peer.second.has_endpoint; }))
    return;
  if (HooksSay(config_.hooks, {"endpoint", "listen-port", "setconf", "addconf"})) return;
  reading_->Warn(
      config_.peers.front().position,
      "no peer has an Endpoint and this interface has no ListenPort, so neither side can "
      "begin (set ListenPort where the others are to reach this host, else an Endpoint)");
}

void PeerReview::ReviewKeys(const PeerConfig& peer) {
  const auto same = [](const auto& a, const auto& b) { return std::ranges::equal(a, b); };
  const crypto::PublicKey zeros{};
  if (peer.public_key == zeros) {
    reading_->Warn(peer.position, "the PublicKey of this peer is all zeros, which nobody has");
  }
  if (config_.private_key.has_value() && same(config_.private_key->bytes(), peer.public_key)) {
    reading_->Warn(
        peer.position,
        "the PublicKey of this peer is the PrivateKey of this interface (`ringwire pubkey` "
        "makes the public key of a private one)");
  }
  if (!peer.preshared_key.has_value()) return;
  if (peer.preshared_key->IsZero()) {
    reading_->Warn(peer.position, "the PresharedKey of this peer is all zeros, which means none");
  } else if (same(peer.preshared_key->bytes(), peer.public_key) ||
             (config_.private_key.has_value() && *config_.private_key == *peer.preshared_key)) {
    reading_->Warn(peer.position,
                   "the PresharedKey of this peer is another key of this file (`ringwire genpsk` "
                   "makes one for both sides)");
  }
}

void PeerReview::ReviewRepeated(const PeerConfig& peer, const PeerFacts& facts) {
  if (peer.position.line == facts.line) return;
  reading_->Warn(peer.position,
                 fmt::format("this peer has a [Peer] in line {} already{}", facts.line,
                             peer.allowed_ips_incremental || !facts.has_allowed_ips
                                 ? ""
                                 : ", whose AllowedIPs count no longer"));
}

void PeerReview::ReviewAllowedIps(const PeerConfig& peer, const PeerFacts& facts) {
  const bool by_hook = HooksSay(config_.hooks, {"allowed-ips", "setconf", "addconf"});
  if (facts.allowed.empty() && !by_hook) {
    reading_->Warn(
        peer.position,
        "this peer has no AllowedIPs, so nothing is sent to it and nothing accepted from "
        "it");
  }
  if (peer.persistent_keepalive_seconds.value_or(0) != 0 && !facts.has_endpoint &&
      !HooksSay(config_.hooks, {"endpoint"})) {
    reading_->Warn(
        peer.persistent_keepalive_position,
        "PersistentKeepalive sends nothing to a peer without an Endpoint until it has been "
        "heard; it belongs on the side behind a NAT");
  }
  for (const Prefix& prefix : facts.allowed) {
    const IpAddress none{prefix.address.family, {}};
    if (prefix.IsHost() && prefix.address == none) {
      reading_->Warn(peer.allowed_ips_position,
                     fmt::format("AllowedIPs {} is one address, which no host has; {}/0 is all "
                                 "addresses",
                                 prefix.ToString(), none.ToString()));
    }
    const bool is_own =
        prefix.IsHost() && std::ranges::any_of(config_.addresses, [&prefix](const auto& own) {
          return own.address == prefix.address;
        });
    if (!is_own) continue;
    reading_->Warn(peer.allowed_ips_position,
                   fmt::format("AllowedIPs {} is this interface's own Address; AllowedIPs are the "
                               "addresses at the peer's end",
                               prefix.ToString()));
  }
}

// Of one prefix that two peers have, the later one wins.
void PeerReview::ReviewPrefixes(const PeerConfig& peer) {
  for (const Prefix& prefix : RemainingPrefixes(peer.allowed_ips)) {
    lengths_.set(prefix.length);
    const auto [owner, is_new] = owners_.try_emplace(prefix, &peer);
    const PeerConfig* const before = std::exchange(owner->second, &peer);
    if (is_new || before->public_key == peer.public_key) continue;
    const std::string hint = prefix.IsHost() ? std::string()
                                             : fmt::format(" (one address alone has the length {})",
                                                           prefix.address.Bits());
    reading_->Warn(
        peer.allowed_ips_position,
        fmt::format("AllowedIPs {} is that of the [Peer] in line {} too, which loses it: "
                    "the last one has it alone{}",
                    prefix.ToString(), before->position.line, hint));
  }
}

// Whether packets of this host to that prefix go by a route of the main table, where the tunnel's
// own datagrams look as well. A prefix of length 0 has rules that leave those out.
bool PeerReview::HasMainRoute(const Prefix& prefix) const {
  if (!config_.gateway.route_from.empty() || !config_.gateway.network_namespace.empty()) {
    return false;
  }
  if (config_.table.kind == RouteTable::Kind::kAuto) return prefix.length > 0;
  return config_.table == RouteTable{RouteTable::Kind::kNumber, kMainTable};
}

void PeerReview::ReviewDefaultRoute(const PeerConfig& peer, const PeerFacts& facts) {
  const bool takes_host = config_.gateway.route_from.empty() &&
                          config_.gateway.network_namespace.empty() &&
                          config_.table.kind != RouteTable::Kind::kOff;
  if (!takes_host || facts.has_endpoint || HooksSay(config_.hooks, {"endpoint"})) return;
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    if (!AreWhole(facts.allowed, family)) continue;
    reading_->Warn(
        peer.allowed_ips_position,
        fmt::format("AllowedIPs {} sends all traffic of this host to a peer without an "
                    "Endpoint; for a client of this host write its address in the tunnel, "
                    "like {}",
                    family == IpFamily::kV4 ? "0.0.0.0/0" : "::/0",
                    family == IpFamily::kV4 ? "10.0.0.2/32" : "fd00::2/128"));
    return;
  }
}

void PeerReview::ReviewName(const PeerConfig& peer) {
  if (peer.name.empty()) return;
  const auto [other, is_new] = names_.try_emplace(peer.name, &peer);
  if (is_new || other->second->public_key == peer.public_key) return;
  reading_->Warn(peer.position,
                 fmt::format("the Name {} of this peer is that of the [Peer] in line {} too, so "
                             "commands cannot tell them apart by it",
                             peer.name, other->second->position.line));
}

// A default route without an Address is a usual way to block the family.
void PeerReview::ReviewFamily(const PeerConfig& peer, const PeerFacts& facts) {
  if (config_.addresses.empty() || config_.gateway.forward) return;
  if (HooksSay(config_.hooks, {"addr"})) return;
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    const auto is_of = [family](const auto& one) { return one.address.family == family; };
    if (std::ranges::any_of(config_.addresses, is_of)) continue;
    if (std::ranges::find(families_named_, family) != families_named_.end()) continue;
    const auto prefix = std::ranges::find_if(facts.allowed, is_of);
    if (prefix == facts.allowed.end() || AreWhole(facts.allowed, family)) continue;
    families_named_.push_back(family);
    reading_->Warn(peer.allowed_ips_position,
                   fmt::format("AllowedIPs {} is of IPv{}, and this interface has no Address of "
                               "that family to send from",
                               prefix->ToString(), family == IpFamily::kV4 ? 4 : 6));
  }
}

const PeerReview::Owners::value_type* PeerReview::LongestMatch(const IpAddress& address) const {
  for (int length = address.Bits(); length >= 0; --length) {
    if (!lengths_.test(static_cast<size_t>(length))) continue;
    const auto owner = owners_.find(Prefix::Of(address, length));
    if (owner != owners_.end()) return &*owner;
  }
  return nullptr;
}

void PeerReview::ReviewWayTo(const IpAddress& address, const PeerConfig& peer) {
  const std::string endpoint = peer.endpoint->ToString();
  // A host route by a hook, or rules about a mark, leave the datagrams outside.
  if (HooksSay(config_.hooks, {peer.endpoint->host, "fwmark"})) return;
  for (const InterfaceAddress& own : config_.addresses) {
    const Prefix network = Prefix::Of(own.address, own.length);
    if (!config_.gateway.network_namespace.empty() || !network.Contains(address)) continue;
    reading_->Warn(
        peer.endpoint_position,
        fmt::format("Endpoint {} is in the tunnel's own network {}, so its datagrams would "
                    "be sent into the tunnel; it must be the peer's address outside",
                    endpoint, network.ToString()));
    return;
  }
  const Owners::value_type* const match = LongestMatch(address);
  if (match == nullptr || match->second->public_key != peer.public_key) return;
  if (!HasMainRoute(match->first)) return;
  reading_->Warn(
      peer.endpoint_position,
      fmt::format("Endpoint {} is in {} of its own AllowedIPs, so its datagrams would be "
                  "sent into the tunnel {}",
                  endpoint, match->first.ToString(), kRouteHint));
}

// Whatever address the name has, it is in AllowedIPs that hold all addresses.
void PeerReview::ReviewWayToName(const PeerConfig& peer) {
  if (peer.endpoint->host.find(':') != std::string::npos) return;
  if (HooksSay(config_.hooks, {peer.endpoint->host, "fwmark"})) return;
  const std::vector<Prefix>& allowed = facts_.at(peer.public_key).allowed;
  const auto has_no_rules = [this](const Prefix& prefix) { return HasMainRoute(prefix); };
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    std::vector<Prefix> routed;
    std::ranges::copy_if(allowed, std::back_inserter(routed), has_no_rules);
    if (!AreWhole(routed, family)) continue;
    reading_->Warn(
        peer.endpoint_position,
        fmt::format("Endpoint {} is in its own AllowedIPs, which hold every IPv{} address, so its "
                    "datagrams would be sent into the tunnel {}",
                    peer.endpoint->ToString(), family == IpFamily::kV4 ? 4 : 6, kRouteHint));
    return;
  }
}

void PeerReview::ReviewEndpoint(const PeerConfig& peer) {
  if (!peer.endpoint.has_value() || peer.public_key == own_key_) return;
  const auto [other, is_new] = endpoints_.try_emplace(peer.endpoint->ToString(), &peer);
  if (!is_new && other->second->public_key != peer.public_key) {
    reading_->Warn(
        peer.endpoint_position,
        fmt::format("Endpoint {} is that of the [Peer] in line {} too; one port serves one "
                    "key",
                    peer.endpoint->ToString(), other->second->position.line));
  }
  const std::optional<IpAddress> address = IpAddress::Parse(peer.endpoint->host);
  if (!address.has_value()) return ReviewWayToName(peer);  // or an address with a zone
  const bool is_nothing = *address == Prefix::Of(*address, 0).address;
  if (is_nothing || IsMulticast(*address)) {
    reading_->Warn(
        peer.endpoint_position,
        fmt::format("Endpoint {} is no address that a peer can have", peer.endpoint->ToString()));
    return;
  }
  ReviewWayTo(*address, peer);
}

}  // namespace

void ReviewPeers(Reading* reading) { PeerReview(reading).Review(); }

}  // namespace ringwire::config_parser
