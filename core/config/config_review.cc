#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config_parser.h"
#include "crypto/secret.h"
#include "fmt/format.h"

// What no single line of [Interface] shows, and errors of pairs of keys.
namespace ringwire::config_parser {
namespace {

// IPv6 needs it of every link (RFC 8200, 5); the kernel takes IPv6 off an interface with less.
constexpr uint16_t kLeastMtuOfIpv6 = 1280;

bool IsV6(const IpAddress& address) { return address.family == IpFamily::kV6; }

// The first part of the file that needs IPv6 on the interface; empty: none does.
std::string NeedOfIpv6(const ConfigFile& config) {
  for (const InterfaceAddress& address : config.addresses) {
    if (IsV6(address.address)) return "Address = " + address.ToString();
  }
  if (config.table.kind == RouteTable::Kind::kOff) return {};
  for (const PeerConfig& peer : config.peers) {
    for (const Prefix& prefix : RemainingPrefixes(peer.allowed_ips)) {
      if (IsV6(prefix.address)) return "AllowedIPs = " + prefix.ToString();
    }
  }
  return {};
}

void ReviewMtu(Reading* reading) {
  const ConfigFile& config = reading->config();
  if (!config.mtu.has_value() || *config.mtu >= kLeastMtuOfIpv6) return;
  const std::string need = NeedOfIpv6(config);
  if (need.empty()) return;
  reading->Fail(
      reading->PositionOfKey("MTU"),
      fmt::format("MTU = {} is too small for IPv6, which needs at least {} ({}); raise it, "
                  "or leave IPv6 out",
                  *config.mtu, kLeastMtuOfIpv6, need));
}

void ReviewRouteFrom(Reading* reading) {
  const ConfigFile& config = reading->config();
  if (config.gateway.route_from.empty()) return;
  const FilePosition position = reading->PositionOfKey("RouteFrom");
  if (!config.gateway.network_namespace.empty()) {
    reading->Fail(
        position,
        "RouteFrom and Namespace exclude each other: in the namespace there is no way but "
        "the tunnel (leave one of the two out)");
  } else if (config.table.kind == RouteTable::Kind::kOff) {
    reading->Fail(position,
                  "RouteFrom needs a routing table of its own, and Table is off (leave Table out)");
  } else if (config.table == RouteTable{RouteTable::Kind::kNumber, kMainTable}) {
    reading->Fail(position,
                  "RouteFrom needs a routing table of its own, and Table is main, where every "
                  "source looks (leave Table out)");
  }
}

// What is to be translated has to be forwarded first.
void SettleForward(Reading* reading) {
  GatewayConfig& gateway = reading->config().gateway;
  const bool translates = !gateway.masquerade.empty();
  const bool needed = translates || !gateway.port_forwards.empty();
  gateway.forward = reading->forward.value_or(needed);
  if (needed && !gateway.forward) {
    reading->Fail(reading->PositionOfKey("Forward"),
                  fmt::format("{} needs Forward = on; leave one of the two out",
                              translates ? "Masquerade" : "PortForward"));
  }
}

void ReviewPrivateKey(Reading* reading) {
  const ConfigFile& config = reading->config();
  const FilePosition position = reading->PositionOfKey("PrivateKey");
  if (config.private_key.has_value() && config.private_key->IsZero()) {
    reading->Warn(position,
                  "PrivateKey is all zeros, which is no key (`ringwire genkey` makes one)");
  }
  const bool has_key = config.private_key.has_value() || !config.private_key_file.empty();
  if (has_key || config.peers.empty()) return;
  if (HooksSay(config.hooks, {"private-key", "setconf", "addconf", "syncconf"})) return;
  reading->Warn(position,
                "there is no PrivateKey, so no peer is reached until `wg set` gives the interface "
                "one");
}

// A network of more than two addresses has two that no host can have (IPv4 only).
void ReviewHostPart(const InterfaceAddress& address, FilePosition position, Reading* reading) {
  if (address.length == 0) {
    reading->Warn(position,
                  fmt::format("Address = {} takes every address for one on this link; give "
                              "the length of its network",
                              address.ToString()));
    return;
  }
  if (address.address.family != IpFamily::kV4 || address.length >= 31) return;
  IpAddress last = Prefix::Of(address.address, address.length).address;
  const bool is_first = last == address.address;
  for (int bit = address.length; bit < 32; ++bit) {
    last.bytes[static_cast<size_t>(bit) / 8] |= static_cast<uint8_t>(0x80 >> (bit % 8));
  }
  if (!is_first && last != address.address) return;
  reading->Warn(position,
                fmt::format("Address = {} is the {} address of its network, which no host "
                            "should have",
                            address.ToString(), is_first ? "first" : "broadcast"));
}

void ReviewAddresses(Reading* reading) {
  const std::vector<InterfaceAddress>& addresses = reading->config().addresses;
  std::set<IpAddress> seen;
  for (size_t i = 0; i < addresses.size(); ++i) {
    const FilePosition position = reading->address_positions[i];
    if (!seen.insert(addresses[i].address).second) {
      reading->Warn(position,
                    fmt::format("Address {} is named twice", addresses[i].address.ToString()));
    }
    const IpAddress& address = addresses[i].address;
    if (IsLoopback(address) || IsMulticast(address)) {
      reading->Warn(position, fmt::format("Address {} cannot be the address of an interface",
                                          address.ToString()));
      continue;
    }
    ReviewHostPart(addresses[i], position, reading);
  }
}

// Tables that the kernel keeps itself, or looks up after the main one.
void ReviewTable(Reading* reading) {
  constexpr uint32_t kDefaultTable = 253;  // RT_TABLE_DEFAULT
  constexpr uint32_t kLocalTable = 255;    // RT_TABLE_LOCAL
  const RouteTable& table = reading->config().table;
  if (table.kind != RouteTable::Kind::kNumber) return;
  if (table.number != kDefaultTable && table.number != kLocalTable) return;
  reading->Warn(
      reading->PositionOfKey("Table"),
      table.number == kLocalTable
          ? "Table = 255 is `local`, where the kernel keeps this host's own addresses; choose "
            "another table"
          : "Table = 253 is `default`, which counts only where the main table has no route; "
            "choose another table");
}

void ReviewDns(Reading* reading) {
  const ConfigFile& config = reading->config();
  const FilePosition position = reading->PositionOfKey("DNS");
  if (config.dns.servers.empty() && !config.dns.search.empty()) {
    reading->Warn(position,
                  "DNS names domains but no server, so the name servers are left as they are");
  }
  if (config.peers.empty()) return;
  const std::vector<Prefix> allowed = AllPrefixes(config);
  const bool has_routes = config.table.kind != RouteTable::Kind::kOff ||
                          !config.hooks.pre_up.empty() || !config.hooks.post_up.empty();
  for (const NameServer& server : config.dns.servers) {
    const bool is_here = std::ranges::any_of(
        config.addresses,
        [&server](const InterfaceAddress& own) { return own.address == server.address; });
    if (!server.zone.empty() || is_here || IsLoopback(server.address)) continue;
    if (std::ranges::none_of(
            allowed, [&server](const Prefix& prefix) { return prefix.Contains(server.address); })) {
      reading->Warn(
          position,
          fmt::format("the name server {} is in no peer's AllowedIPs, so questions to it go "
                      "outside of the tunnel or nowhere (add it to AllowedIPs)",
                      server.ToString()));
    } else if (!has_routes) {
      reading->Warn(
          position,
          fmt::format("Table = off makes no route to the name server {}, and no hook does, "
                      "so questions to it go outside of the tunnel or nowhere",
                      server.ToString()));
    }
  }
}

}  // namespace

bool AreWhole(const std::vector<Prefix>& prefixes, IpFamily family) {
  std::set<IpAddress> halves;
  for (const Prefix& prefix : prefixes) {
    if (prefix.address.family != family) continue;
    if (prefix.length == 0) return true;
    if (prefix.length == 1) halves.insert(prefix.address);
  }
  return halves.size() == 2;
}

bool IsMulticast(const IpAddress& address) {
  return address.family == IpFamily::kV4 ? address.bytes[0] >= 224 : address.bytes[0] == 0xff;
}

bool IsLoopback(const IpAddress& address) {
  if (address.family == IpFamily::kV4) return address.bytes[0] == 127;
  return address == IpAddress::Parse("::1");
}

std::vector<Prefix> AllPrefixes(const ConfigFile& config) {
  std::vector<Prefix> all;
  for (const PeerConfig& peer : config.peers) {
    for (const Prefix& prefix : RemainingPrefixes(peer.allowed_ips)) all.push_back(prefix);
  }
  return all;
}

bool HooksSay(const Hooks& hooks, std::initializer_list<std::string_view> words) {
  for (const std::vector<std::string>* const list : {&hooks.pre_up, &hooks.post_up}) {
    for (const std::string& hook : *list) {
      for (const std::string_view word : words) {
        if (hook.find(word) != std::string::npos) return true;
      }
    }
  }
  return false;
}

void Review(Reading* reading) {
  ReviewMtu(reading);
  ReviewRouteFrom(reading);
  SettleForward(reading);
  ReviewPortForwards(reading);
  ReviewReturnPath(reading);
  ReviewBridgeKeys(reading);
  ReviewEnrol(reading);
  ReviewConnect(reading);
  // Next to errors, doubts would be noise.
  if (reading->failed()) return;
  ReviewPrivateKey(reading);
  ReviewAddresses(reading);
  ReviewTable(reading);
  ReviewDns(reading);
  ReviewGateway(reading);
  ReviewEnrolDoubts(reading);
  ReviewPeers(reading);
}

}  // namespace ringwire::config_parser
