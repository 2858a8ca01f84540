#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/limits.h"
#include "core/control/config_parser.h"
#include "core/control/config_value.h"
#include "core/control/key_text.h"
#include "core/control/number_text.h"
#include "fmt/format.h"

// What the value of each key means.
namespace ringwire::config_parser {
namespace {

// The least MTU of IPv4 (RFC 791); the greatest that a TUN device takes.
constexpr uint64_t kMtuMin = 68;
constexpr uint64_t kMtuMax = 65535;
constexpr size_t kPathBytesMax = 4095;  // PATH_MAX without its NUL
constexpr size_t kDomainBytesMax = 253;
constexpr size_t kInterfaceNameBytesMax = 15;  // IFNAMSIZ without its NUL

// As wg-quick: separated by commas or spaces, as many as there are. Each is a part of `value`.
std::vector<std::string_view> Words(std::string_view value) {
  const auto separates = [](char c) { return c == ',' || IsSpace(c); };
  std::vector<std::string_view> words;
  while (!value.empty()) {
    const auto* const end = std::ranges::find_if(value, separates);
    const std::string_view word = value.substr(0, static_cast<size_t>(end - value.begin()));
    if (!word.empty()) words.push_back(word);
    value.remove_prefix(std::max<size_t>(word.size(), 1));
  }
  return words;
}

std::optional<uint64_t> ParseNumberOrHex(std::string_view text) {
  if (text.starts_with("0x")) return ParseNumber(text.substr(2), UINT32_MAX, 16);
  return ParseNumber(text, UINT32_MAX);
}

// Not what begins like an address: that is one which is mistyped.
bool IsDomain(std::string_view text) {
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
}

void Parser::ReadListenPort(std::string_view value) {
  if (const auto number = ReadNumber(value, 0, UINT16_MAX, "")) {
    result_.config.listen_port = static_cast<uint16_t>(*number);
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

void Parser::ReadDeferred(std::string_view) {
  result_.config.deferred.push_back({std::string(key_->name), key_position_});
}

// `false` asks for nothing.
void Parser::ReadSaveConfig(std::string_view value) {
  if (EqualIgnoringCase(value, "true")) {
    ReadDeferred(value);
  } else if (!EqualIgnoringCase(value, "false")) {
    Fail(value, fmt::format("SaveConfig must be true or false, not {}", QuotedUnlessKey(value)));
  }
}

// As wg-quick: what is no address is a domain to search in.
void Parser::ReadDns(std::string_view value) {
  for (const std::string_view text : Words(value)) {
    if (const std::optional<IpAddress> address = IpAddress::Parse(text)) {
      result_.config.dns.servers.push_back(*address);
    } else if (IsDomain(text)) {
      result_.config.dns.search.emplace_back(text);
    } else {
      Fail(text, fmt::format("DNS must be addresses and domains to search in, not {}",
                             QuotedUnlessKey(text)));
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
  } else {
    Fail(value, fmt::format("Table must be auto, off, main or the number of a routing table, not "
                            "{}",
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
  result_.config.gateway.forward = *on;
  if (*on) ReadDeferred(value);
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
  ReadDeferred(value);
}

// `off` asks for nothing.
void Parser::ReadDeferredSwitch(std::string_view value) {
  if (!EqualIgnoringCase(value, "off")) ReadDeferred(value);
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
}

void Parser::ReadAllowedIps(std::string_view value) {
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
  std::optional<EndpointName> endpoint = EndpointName::Parse(text, &why);
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
