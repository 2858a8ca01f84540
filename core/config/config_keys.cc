#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/limits.h"
#include "core/config/config_parser.h"
#include "core/config/config_value.h"
#include "core/config/number_text.h"
#include "core/device/key_text.h"
#include "fmt/format.h"

// What the value of each key means.
namespace ringwire::config_parser {
namespace {

// The least MTU of IPv4 (RFC 791); the greatest that a TUN device takes.
constexpr uint64_t kMtuMin = 68;
constexpr uint64_t kMtuMax = 65535;
constexpr size_t kPathBytesMax = 4095;  // PATH_MAX without its NUL
constexpr size_t kDomainBytesMax = 253;
constexpr size_t kNamespaceNameBytesMax = 200;  // a file's name, with room for what we append
constexpr size_t kInterfaceNameBytesMax = 15;   // IFNAMSIZ without its NUL

std::optional<uint64_t> ParseNumberOrHex(std::string_view text) {
  if (text.starts_with("0x")) return ParseNumber(text.substr(2), UINT32_MAX, 16);
  return ParseNumber(text, UINT32_MAX);
}

// Not what begins like an address: that is one which is mistyped. Behind ~ is a domain that nothing
// is searched in (resolvectl(1)), `.` for all of them.
bool IsDomain(std::string_view text) {
  if (text == "~.") return true;
  if (text.starts_with('~')) text.remove_prefix(1);
  const auto allowed = [](char c) {
    return IsLetter(c) || IsDigit(c) || c == '.' || c == '-' || c == '_';
  };
  const bool numeric = std::ranges::all_of(text, [](char c) { return IsDigit(c) || c == '.'; });
  return text.size() <= kDomainBytesMax && !numeric && !text.starts_with('-') &&
         std::ranges::all_of(text, allowed);
}

bool IsInterfaceName(std::string_view text) {
  return !text.empty() && text.size() <= kInterfaceNameBytesMax &&
         std::ranges::none_of(text, [](char c) {
           return IsSpace(c) || IsControl(c) || c == '/' || c == ':' || c == '"';
         });
}

// It becomes a part of paths, and of commands that people type.
bool IsNamespaceName(std::string_view text) {
  const auto allowed = [](char c) {
    return IsLetter(c) || IsDigit(c) ||
           std::string_view("_=+.@:-").find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= kNamespaceNameBytesMax && !text.starts_with('.') &&
         !text.starts_with('-') && std::ranges::all_of(text, allowed);
}

}  // namespace

bool Parser::ReadKey(std::string_view value, std::span<uint8_t, 32> key) {
  std::array<char, kKeyBase64Length> text{};
  size_t length = 0;
  for (const char c : value) {
    if (IsSpace(c)) continue;
    if (length < text.size()) text[length] = c;
    ++length;
  }
  const bool good =
      length == text.size() && ParseKeyBase64(std::string_view(text.data(), text.size()), key);
  crypto::Cleanse(text.data(), text.size());
  if (length != kKeyBase64Length) {
    Fail(value, fmt::format("{} must be {} characters of base64, as `wg genkey` prints; it has {}",
                            key_->name, kKeyBase64Length, length));
  } else if (!good) {
    Fail(value, fmt::format("{} is not the base64 of 32 bytes", key_->name));
  }
  return good;
}

std::optional<uint64_t> Parser::ReadNumber(std::string_view value, uint64_t least,
                                           uint64_t greatest, std::string_view other_words) {
  const std::string text = WithoutSpaces(value);
  const std::optional<uint64_t> number = ParseNumber(text, greatest);
  if (number && *number >= least) return number;
  Fail(value, fmt::format("{} must be a number from {} to {}{}, not {}", key_->name, least,
                          greatest, other_words, QuotedUnlessKey(text)));
  return std::nullopt;
}

void Parser::ReadPath(std::string_view value, std::string* path) {
  if (value.size() > kPathBytesMax || std::ranges::any_of(value, IsControl)) {
    Fail(value, fmt::format("{} must be a path of at most {} bytes", key_->name, kPathBytesMax));
    return;
  }
  *path = value;
}

void Parser::ReadPrivateKey(std::string_view value) {
  crypto::PrivateKey key;
  if (!ReadKey(value, key.bytes())) return;
  if (!result_.config.private_key_file.empty()) {
    Fail(key_position_, "PrivateKey and PrivateKeyFile exclude each other");
  }
  result_.config.private_key = std::move(key);
}

void Parser::ReadPrivateKeyFile(std::string_view value) {
  if (result_.config.private_key) {
    Fail(key_position_, "PrivateKey and PrivateKeyFile exclude each other");
  }
  ReadPath(value, &result_.config.private_key_file);
  result_.config.private_key_file_position = PositionOf(value);
}

void Parser::ReadListenPort(std::string_view value) {
  const std::string text = WithoutSpaces(value);
  std::string why;
  if (const std::optional<uint16_t> port = ParsePort(text, 0, lookup_, &why)) {
    result_.config.listen_port = *port;
  } else {
    const bool is_name = std::ranges::any_of(text, IsLetter);
    Fail(value, fmt::format("ListenPort must be a number from 0 to {}, not {}{}", UINT16_MAX,
                            QuotedUnlessKey(text), is_name ? Because(why) : std::string()));
  }
}

void Parser::ReadFwMark(std::string_view value) {
  const std::string text = WithoutSpaces(value);
  const std::optional<uint64_t> number =
      EqualIgnoringCase(text, "off") ? 0 : ParseNumberOrHex(text);
  if (number) {
    result_.config.fwmark = static_cast<uint32_t>(*number);
  } else {
    Fail(value, fmt::format("FwMark must be a number of 32 bits, 0x and hex digits, or off, not {}",
                            QuotedUnlessKey(text)));
  }
}

void Parser::ReadAddress(std::string_view value) {
  for (const std::string_view text : Words(value)) {
    std::string why;
    const auto address = InterfaceAddress::Parse(text, &why);
    if (address && address->address.bytes == IpAddress().bytes) {
      Fail(text, fmt::format("Address must be one that an interface can have, not {}",
                             QuotedUnlessKey(text)));
    } else if (address) {
      result_.config.addresses.push_back(*address);
    } else {
      Fail(text, fmt::format("Address must be like 10.0.0.1/24 or fd00::1/64, not {}{}",
                             QuotedUnlessKey(text), Because(why)));
    }
  }
}

void Parser::ReadMtu(std::string_view value) {
  if (value.empty()) {
    result_.config.mtu.reset();
  } else if (value.starts_with('0')) {
    Fail(value, fmt::format("MTU must be a number from {} to {}, not {}{}", kMtuMin, kMtuMax,
                            QuotedUnlessKey(value), Because(kOctalForWgQuick)));
  } else if (const auto number = ReadNumber(value, kMtuMin, kMtuMax, "")) {
    result_.config.mtu = static_cast<uint16_t>(*number);
  }
}

void Parser::ReadWorkers(std::string_view value) {
  if (EqualIgnoringCase(value, "auto")) {
    result_.config.workers.reset();
  } else if (const auto number = ReadNumber(value, 1, kWorkersMax, " or auto")) {
    result_.config.workers = static_cast<uint16_t>(*number);
  }
}

void Parser::ReadIoBackend(std::string_view value) {
  if (EqualIgnoringCase(value, "auto")) {
    result_.config.io_backend = IoBackendChoice::kAuto;
  } else if (EqualIgnoringCase(value, "io_uring")) {
    result_.config.io_backend = IoBackendChoice::kIoUring;
  } else if (EqualIgnoringCase(value, "epoll")) {
    result_.config.io_backend = IoBackendChoice::kEpoll;
  } else {
    Fail(value,
         fmt::format("IoBackend must be auto, io_uring or epoll, not {}", QuotedUnlessKey(value)));
  }
}

void Parser::ReadOffload(std::string_view value) {
  const std::optional<OffloadSwitches> offloads = OffloadSwitches::Parse(value);
  if (offloads) {
    result_.config.offloads = *offloads;
  } else {
    Fail(value, fmt::format("Offload must be {}; not {}", OffloadSwitches::Syntax(),
                            QuotedUnlessKey(value)));
  }
}

void Parser::ReadTransportCipher(std::string_view value) {
  const std::optional<TransportCipher> cipher = ParseTransportCipher(value);
  if (!cipher) {
    Fail(value, fmt::format("TransportCipher must be auto or chacha20-poly1305, not {}",
                            QuotedUnlessKey(value)));
  } else if (section_ == Section::kPeer) {
    peer().transport_cipher = *cipher;
  } else {
    result_.config.transport_cipher = *cipher;
  }
}

void Parser::ReadSaveConfig(std::string_view value) {
  const bool save = EqualIgnoringCase(value, "true");
  if (save || EqualIgnoringCase(value, "false")) {
    result_.config.save_config = save;
  } else {
    Fail(value, fmt::format("SaveConfig must be true or false, not {}", QuotedUnlessKey(value)));
  }
}

// As wg-quick: what is no address is a domain to search in.
void Parser::ReadDns(std::string_view value) {
  for (const std::string_view text : Words(value)) {
    std::string why;
    if (std::optional<NameServer> server = NameServer::Parse(text, &why)) {
      result_.config.dns.servers.push_back(*std::move(server));
    } else if (IsDomain(text)) {
      result_.config.dns.search.emplace_back(text);
    } else {
      Fail(text, fmt::format("DNS must be addresses and domains to search in, not {}{}",
                             QuotedUnlessKey(text), Because(why)));
    }
  }
}

void Parser::ReadTable(std::string_view value) {
  const std::string text = WithoutSpaces(value);
  RouteTable& table = result_.config.table;
  if (text.empty() || EqualIgnoringCase(text, "auto")) {
    table = {};
  } else if (EqualIgnoringCase(text, "off")) {
    table = {RouteTable::Kind::kOff, 0};
  } else if (EqualIgnoringCase(text, "main")) {
    table = {RouteTable::Kind::kNumber, kMainTable};
  } else if (const auto number = ParseNumberOrHex(text); number && *number > 0) {
    table = {RouteTable::Kind::kNumber, static_cast<uint32_t>(*number)};
  } else if (const auto named = tables_ == nullptr ? std::nullopt : tables_(text)) {
    table = {RouteTable::Kind::kNumber, *named};
  } else {
    Fail(value, fmt::format("Table must be auto, off, main, the number of a routing table or its "
                            "name in /etc/iproute2/rt_tables, not {}",
                            QuotedUnlessKey(text)));
  }
}

void Parser::ReadHook(std::string_view value) {
  if (value.empty()) return;
  Hooks& hooks = result_.config.hooks;
  std::vector<std::string>& list = key_->name == "PreUp"     ? hooks.pre_up
                                   : key_->name == "PostUp"  ? hooks.post_up
                                   : key_->name == "PreDown" ? hooks.pre_down
                                                             : hooks.post_down;
  list.emplace_back(value);
}

std::optional<bool> Parser::ReadSwitch(std::string_view value) {
  if (EqualIgnoringCase(value, "on")) return true;
  if (EqualIgnoringCase(value, "off")) return false;
  Fail(value, fmt::format("{} must be on or off, not {}", key_->name, QuotedUnlessKey(value)));
  return std::nullopt;
}

void Parser::ReadForward(std::string_view value) {
  const std::optional<bool> on = ReadSwitch(value);
  if (!on) return;
  forward_ = *on;
  forward_position_ = key_position_;
}

void Parser::ReadMasquerade(std::string_view value) {
  if (EqualIgnoringCase(value, "off")) {
    result_.config.gateway.masquerade.clear();
    return;
  }
  if (!IsInterfaceName(value)) {
    Fail(value, fmt::format("Masquerade must be an interface, auto or off, not {}",
                            QuotedUnlessKey(value)));
    return;
  }
  result_.config.gateway.masquerade = EqualIgnoringCase(value, "auto") ? "auto" : value;
}

void Parser::ReadNamespace(std::string_view value) {
  if (IsNamespaceName(value)) {
    result_.config.gateway.network_namespace = value;
    return;
  }
  Fail(value, fmt::format("Namespace must be a name as `ip netns` takes it (1 to {} of a-z A-Z 0-9 "
                          "_ = + . @ : -, the first no . or -), not {}",
                          kNamespaceNameBytesMax, QuotedUnlessKey(value)));
}

void Parser::ReadRouteFrom(std::string_view value) {
  std::vector<Prefix>& sources = result_.config.gateway.route_from;
  route_from_position_ = key_position_;
  const std::vector<std::string_view> words = Words(value);
  if (words.empty()) Fail(value, "RouteFrom has no value");
  for (const std::string_view text : words) {
    std::string why;
    const auto source = InterfaceAddress::Parse(text, &why);
    if (!source) {
      Fail(text, fmt::format("RouteFrom must be addresses and networks like 10.0.0.1 or fd00::/64, "
                             "not {}{}",
                             QuotedUnlessKey(text), Because(why)));
    } else if (source->length == 0) {
      Fail(text, fmt::format("RouteFrom {} is every source (leave RouteFrom out: then all traffic "
                             "takes the tunnel)",
                             text));
    } else if (const Prefix prefix = Prefix::Of(source->address, source->length);
               std::ranges::find(sources, prefix) == sources.end()) {
      if (sources.size() == kRouteSourcesMax) {
        Fail(text, fmt::format("RouteFrom has more than {} sources", kRouteSourcesMax));
        return;
      }
      sources.push_back(prefix);
    }
  }
}

void Parser::CheckRouteFrom() {
  const ConfigFile& config = result_.config;
  if (config.gateway.route_from.empty()) return;
  if (!config.gateway.network_namespace.empty()) {
    Fail(route_from_position_,
         "RouteFrom and Namespace exclude each other: in the namespace there is no way but the "
         "tunnel (leave one of the two out)");
  } else if (config.table.kind == RouteTable::Kind::kOff) {
    Fail(route_from_position_,
         "RouteFrom needs a routing table of its own, and Table is off (leave Table out)");
  } else if (config.table == RouteTable{RouteTable::Kind::kNumber, kMainTable}) {
    Fail(route_from_position_,
         "RouteFrom needs a routing table of its own, and Table is main, where every source looks "
         "(leave Table out)");
  }
}

// Its words in any order; only `on` has more than one.
void Parser::ReadKillSwitch(std::string_view value) {
  KillSwitch wanted;
  bool off = false;
  for (const std::string_view word : Words(value)) {
    if (EqualIgnoringCase(word, "on")) {
      wanted.on = true;
    } else if (EqualIgnoringCase(word, "off")) {
      off = true;
    } else if (EqualIgnoringCase(word, "local")) {
      wanted.local = true;
    } else if (EqualIgnoringCase(word, "dns")) {
      wanted.dns = true;
    } else {
      Fail(word, fmt::format("KillSwitch must be off, or on with local and dns as wanted (like "
                             "'on, dns'), not {}",
                             QuotedUnlessKey(word)));
      return;
    }
  }
  if (wanted.on == off) {
    Fail(value, off ? "KillSwitch is either on or off"
                    : "KillSwitch says what to let through but not whether it is on; did you mean "
                      "'on, local' or 'on, dns'?");
    return;
  }
  if (off && (wanted.local || wanted.dns)) {
    Fail(value, "KillSwitch = off lets everything through; local and dns go with on");
    return;
  }
  result_.config.gateway.kill_switch = wanted;
}

void Parser::ReadPublicKey(std::string_view value) {
  peer_has_public_key_ = true;
  crypto::PublicKey key{};
  if (ReadKey(value, key)) peer().public_key = key;
}

void Parser::ReadPresharedKey(std::string_view value) {
  crypto::PresharedKey key;
  if (!ReadKey(value, key.bytes())) return;
  if (!peer().preshared_key_file.empty()) {
    Fail(key_position_, "PresharedKey and PresharedKeyFile exclude each other");
  }
  peer().preshared_key = std::move(key);
}

void Parser::ReadPresharedKeyFile(std::string_view value) {
  if (peer().preshared_key) {
    Fail(key_position_, "PresharedKey and PresharedKeyFile exclude each other");
  }
  ReadPath(value, &peer().preshared_key_file);
  peer().preshared_key_file_position = PositionOf(value);
}

void Parser::ReadAllowedIps(std::string_view value) {
  if (!peer().names_allowed_ips) peer().allowed_ips_position = PositionOf(value);
  peer().names_allowed_ips = true;
  if (value.empty()) return;
  for (bool last = false; !last;) {
    const size_t comma = value.find(',');
    last = comma == std::string_view::npos;
    const std::string_view at = Trim(value.substr(0, comma));
    const std::string entry = WithoutSpaces(at);
    std::string_view text = entry;
    const bool remove = text.starts_with('-');
    if (remove || text.starts_with('+')) {
      peer().allowed_ips_incremental = true;
      text.remove_prefix(1);
    }
    if (const std::optional<Prefix> prefix = Prefix::Parse(text)) {
      peer().allowed_ips.push_back({*prefix, remove});
    } else if (entry.empty()) {
      Fail(at, "AllowedIPs has an empty entry; entries are separated by one comma");
    } else {
      Fail(at, fmt::format("AllowedIPs must be like 10.0.0.0/24 or fd00::/64, not {}",
                           QuotedUnlessKey(entry)));
    }
    if (!last) value.remove_prefix(comma + 1);
  }
}

void Parser::ReadEndpoint(std::string_view value) {
  const std::string text = WithoutSpaces(value);
  std::string why;
  std::optional<EndpointName> endpoint = EndpointName::Parse(text, &why, lookup_);
  if (!endpoint) {
    Fail(value,
         fmt::format("Endpoint must be HOST:PORT, with an IPv6 address in brackets, not {}{}",
                     QuotedUnlessKey(text), Because(why)));
    return;
  }
  peer().endpoint = std::move(endpoint);
  peer().endpoint_position = PositionOf(value);
}

void Parser::ReadPersistentKeepalive(std::string_view value) {
  peer().persistent_keepalive_position = PositionOf(value);
  if (EqualIgnoringCase(WithoutSpaces(value), "off")) {
    peer().persistent_keepalive_seconds = 0;
  } else if (const auto number = ReadNumber(value, 0, UINT16_MAX, " (seconds) or off")) {
    peer().persistent_keepalive_seconds = static_cast<uint16_t>(*number);
  }
}

void Parser::ReadName(std::string_view value) {
  if (value.size() > kPeerNameBytesMax || std::ranges::any_of(value, IsControl)) {
    Fail(value, fmt::format("Name must be printable text of at most {} bytes", kPeerNameBytesMax));
    return;
  }
  peer().name = value;
}

}  // namespace ringwire::config_parser
