#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <utility>

#include "core/base/limits.h"
#include "core/control/config_file.h"
#include "core/control/config_value.h"
#include "core/control/key_text.h"
#include "core/control/number_text.h"
#include "fmt/format.h"

namespace ringwire {
namespace {

// The least MTU of IPv4 (RFC 791); the greatest that a TUN device takes.
constexpr uint64_t kMtuMin = 68;
constexpr uint64_t kMtuMax = 65535;
constexpr size_t kPathBytesMax = 4095;  // PATH_MAX without its NUL

enum class Section : uint8_t { kNone, kUnknown, kInterface, kPeer };

class Parser {
 public:
  ConfigParse Parse(std::string_view text);

 private:
  using Reader = void (Parser::*)(std::string_view value);
  struct KnownKey {
    std::string_view name;
    Section section;
    Reader read;
    bool may_be_empty = false;
    bool is_hook = false;  // a shell command: its '#' starts no comment
  };
  static const KnownKey kKnownKeys[];

  void ParseLine(std::string_view line);
  void StartSection(std::string_view header);
  void EndPeer();
  void ReportUnknownKey(std::string_view at, std::string_view key, bool has_value);
  const KnownKey* FindKey(std::string_view key, Section section) const;

  void ReadPrivateKey(std::string_view value);
  void ReadPrivateKeyFile(std::string_view value);
  void ReadListenPort(std::string_view value);
  void ReadFwMark(std::string_view value);
  void ReadAddress(std::string_view value);
  void ReadMtu(std::string_view value);
  void ReadWorkers(std::string_view value);
  void ReadIoBackend(std::string_view value);
  void ReadOffload(std::string_view value);
  void ReadTransportCipher(std::string_view value);
  void ReadDeferred(std::string_view value);
  void ReadSaveConfig(std::string_view value);
  void ReadPublicKey(std::string_view value);
  void ReadPresharedKey(std::string_view value);
  void ReadPresharedKeyFile(std::string_view value);
  void ReadAllowedIps(std::string_view value);
  void ReadEndpoint(std::string_view value);
  void ReadPersistentKeepalive(std::string_view value);
  void ReadName(std::string_view value);

  bool ReadKey(std::string_view value, std::span<uint8_t, 32> key);
  std::optional<uint64_t> ReadNumber(std::string_view value, uint64_t least, uint64_t greatest,
                                     std::string_view other_words);
  void ReadPath(std::string_view value, std::string* path);

  // `at` is a part of the current line.
  FilePosition PositionOf(std::string_view at) const {
    return {line_number_, static_cast<uint32_t>(at.data() - line_start_) + 1};
  }
  void Fail(std::string_view at, std::string message) { Fail(PositionOf(at), std::move(message)); }
  void Fail(FilePosition position, std::string message);
  PeerConfig& peer() { return result_.config.peers.back(); }

  ConfigParse result_;
  size_t errors_not_listed_ = 0;
  FilePosition first_not_listed_;
  uint32_t line_number_ = 0;
  const char* line_start_ = nullptr;
  Section section_ = Section::kNone;
  bool peer_has_public_key_ = false;
  const KnownKey* key_ = nullptr;  // of the line that is read
  FilePosition key_position_;
};

const Parser::KnownKey Parser::kKnownKeys[] = {
    {"PrivateKey", Section::kInterface, &Parser::ReadPrivateKey},
    {"PrivateKeyFile", Section::kInterface, &Parser::ReadPrivateKeyFile},
    {"ListenPort", Section::kInterface, &Parser::ReadListenPort},
    {"FwMark", Section::kInterface, &Parser::ReadFwMark},
    {"Address", Section::kInterface, &Parser::ReadAddress, true},
    {"MTU", Section::kInterface, &Parser::ReadMtu, true},
    {"Workers", Section::kInterface, &Parser::ReadWorkers},
    {"IoBackend", Section::kInterface, &Parser::ReadIoBackend},
    {"Offload", Section::kInterface, &Parser::ReadOffload},
    {"TransportCipher", Section::kInterface, &Parser::ReadTransportCipher},
    {"DNS", Section::kInterface, &Parser::ReadDeferred, true},
    {"Table", Section::kInterface, &Parser::ReadDeferred, true},
    {"PreUp", Section::kInterface, &Parser::ReadDeferred, true, true},
    {"PostUp", Section::kInterface, &Parser::ReadDeferred, true, true},
    {"PreDown", Section::kInterface, &Parser::ReadDeferred, true, true},
    {"PostDown", Section::kInterface, &Parser::ReadDeferred, true, true},
    {"SaveConfig", Section::kInterface, &Parser::ReadSaveConfig},
    {"PublicKey", Section::kPeer, &Parser::ReadPublicKey},
    {"PresharedKey", Section::kPeer, &Parser::ReadPresharedKey},
    {"PresharedKeyFile", Section::kPeer, &Parser::ReadPresharedKeyFile},
    {"AllowedIPs", Section::kPeer, &Parser::ReadAllowedIps, true},
    {"Endpoint", Section::kPeer, &Parser::ReadEndpoint},
    {"PersistentKeepalive", Section::kPeer, &Parser::ReadPersistentKeepalive},
    {"Name", Section::kPeer, &Parser::ReadName},
    {"TransportCipher", Section::kPeer, &Parser::ReadTransportCipher},
};

constexpr std::string_view SectionName(Section section) {
  return section == Section::kPeer ? "[Peer]" : "[Interface]";
}

ConfigParse Parser::Parse(std::string_view text) {
  if (text.size() > kConfigFileBytesMax) {
    Fail(FilePosition{}, fmt::format("the file has {} bytes; a configuration has at most {}",
                                     text.size(), kConfigFileBytesMax));
    return std::move(result_);
  }
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    ++line_number_;
    line_start_ = text.data();
    ParseLine(text.substr(0, newline));
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
  }
  EndPeer();
  if (errors_not_listed_ > 0) {
    result_.errors.push_back(
        {first_not_listed_, fmt::format("and {} more errors from here on", errors_not_listed_)});
  }
  return std::move(result_);
}

void Parser::Fail(FilePosition position, std::string message) {
  if (result_.errors.size() < kConfigErrorsMax) {
    result_.errors.push_back({position, std::move(message)});
  } else if (errors_not_listed_++ == 0) {
    first_not_listed_ = position;
  }
}

void Parser::ParseLine(std::string_view line) {
  const std::string_view statement = Trim(line.substr(0, line.find('#')));
  if (statement.empty()) return;
  if (statement.starts_with('[')) {
    StartSection(statement);
    return;
  }
  if (section_ == Section::kUnknown) return;  // one error for the whole section
  const size_t equals = statement.find('=');
  // The statement is not quoted here or below: it could be part of a key that was broken over two
  // lines.
  if (equals == std::string_view::npos) {
    Fail(statement, "expected 'Key = value' or '[Section]'");
    return;
  }
  const std::string key = WithoutSpaces(statement.substr(0, equals));
  std::string_view value = Trim(statement.substr(equals + 1));
  if (section_ == Section::kNone) {
    Fail(statement, "a key before any section; an [Interface] or [Peer] line comes first");
    return;
  }
  key_ = FindKey(key, section_);
  if (key_ == nullptr) {
    ReportUnknownKey(statement, key, !value.empty());
    return;
  }
  key_position_ = PositionOf(statement);
  if (key_->is_hook) value = Trim(line.substr(line.find('=') + 1));
  if (value.empty() && !key_->may_be_empty) {
    Fail(value, fmt::format("{} has no value", key_->name));
    return;
  }
  (this->*key_->read)(value);
}

const Parser::KnownKey* Parser::FindKey(std::string_view key, Section section) const {
  const auto* const found = std::ranges::find_if(kKnownKeys, [&](const KnownKey& known) {
    return known.section == section && EqualIgnoringCase(known.name, key);
  });
  return found == std::end(kKnownKeys) ? nullptr : found;
}

void Parser::ReportUnknownKey(std::string_view at, std::string_view key, bool has_value) {
  constexpr size_t kKeyLengthMax = 24;  // beyond every known key by more than any mistyping
  constexpr size_t kDistanceMax = 2;
  const Section other = section_ == Section::kPeer ? Section::kInterface : Section::kPeer;
  if (const KnownKey* const misplaced = FindKey(key, other)) {
    Fail(at, fmt::format("{} belongs in {}, not in {}", misplaced->name, SectionName(other),
                         SectionName(section_)));
    return;
  }
  const KnownKey* nearest = nullptr;
  size_t nearest_distance = kDistanceMax + 1;
  if (key.size() <= kKeyLengthMax) {
    for (const KnownKey& known : kKnownKeys) {
      const size_t distance = EditDistance(key, known.name);
      if (known.section != section_ || distance >= nearest_distance) continue;
      if (2 * distance >= known.name.size()) continue;  // hardly a letter in common
      nearest = &known;
      nearest_distance = distance;
    }
  }
  if (nearest != nullptr) {
    Fail(at, fmt::format("unknown key {} in {}; did you mean '{}'?", Quoted(key),
                         SectionName(section_), nearest->name));
    return;
  }
  // The tail of a broken key looks like `…mk=`, a name with nothing behind it.
  const bool is_word =
      has_value && key.size() <= kKeyLengthMax && std::ranges::all_of(key, IsLetter);
  Fail(at, fmt::format("unknown key{}{} in {}", is_word ? " " : "", is_word ? Quoted(key) : "",
                       SectionName(section_)));
}

void Parser::StartSection(std::string_view header) {
  EndPeer();
  const std::string name = WithoutSpaces(header);
  if (EqualIgnoringCase(name, "[Interface]")) {
    section_ = Section::kInterface;
  } else if (EqualIgnoringCase(name, "[Peer]")) {
    section_ = Section::kPeer;
    peer_has_public_key_ = false;
    result_.config.peers.emplace_back().position = PositionOf(header);
  } else {
    section_ = Section::kUnknown;
    Fail(header, "unknown section; there are [Interface] and [Peer]");
  }
}

void Parser::EndPeer() {
  if (section_ == Section::kPeer && !peer_has_public_key_) {
    Fail(peer().position, "this [Peer] has no PublicKey");
  }
}

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
  std::optional<uint64_t> number;
  if (EqualIgnoringCase(text, "off")) {
    number = 0;
  } else if (text.starts_with("0x")) {
    number = ParseNumber(std::string_view(text).substr(2), UINT32_MAX, 16);
  } else {
    number = ParseNumber(text, UINT32_MAX);
  }
  if (number) {
    result_.config.fwmark = static_cast<uint32_t>(*number);
  } else {
    Fail(value, fmt::format("FwMark must be a number of 32 bits, 0x and hex digits, or off, not {}",
                            QuotedUnlessKey(text)));
  }
}

// As wg-quick: separated by commas or spaces, as many as there are.
void Parser::ReadAddress(std::string_view value) {
  const auto separates = [](char c) { return c == ',' || IsSpace(c); };
  while (!value.empty()) {
    const auto* const end = std::ranges::find_if(value, separates);
    const std::string_view text = value.substr(0, static_cast<size_t>(end - value.begin()));
    if (text.empty()) {
      value.remove_prefix(1);
      continue;
    }
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
    value.remove_prefix(text.size());
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

}  // namespace

ConfigParse ParseConfigFile(std::string_view text) { return Parser().Parse(text); }

}  // namespace ringwire
