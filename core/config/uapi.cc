#include "core/config/uapi.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/config/config_value.h"
#include "core/config/number_text.h"
#include "core/device/key_text.h"
#include "core/device/secret_text.h"
#include "crypto/secret.h"
#include "fmt/format.h"

namespace ringwire {
namespace {

// What a reader keeps of its buffer between requests.
constexpr size_t kKeptBufferBytes = 64 * 1024;
constexpr std::string_view kGetLine = "get=1\n";
constexpr std::string_view kSetLine = "set=1\n";
constexpr std::string_view kNameKey = "name";
constexpr std::string_view kEndpointNameKey = "endpoint_name";
constexpr std::string_view kCipherKey = "transport_cipher";
// More than what a single step of the answer to a get appends: a peer without its allowed IPs takes
// about 460 bytes.
constexpr size_t kGetStepBytesMax = 1024;

// The lines of one set, one after the other.
class SetParser {
 public:
  SetParser(ZoneIndexFunction zone_index, bool takes_own_keys)
      : zone_index_(std::move(zone_index)), takes_own_keys_(takes_own_keys) {}
  std::variant<DeviceUpdate, UapiError> Parse(std::string_view body);

 private:
  enum class Outcome : uint8_t { kAccepted, kUnknownKey, kBadValue };

  // False after the first wrong line; error_ then says what is wrong.
  bool ParseLine(std::string_view line);
  void Refuse(int error_number, size_t line_number, std::string_view reason);
  Outcome ParseDeviceKey(std::string_view key, std::string_view value);
  Outcome ParsePeerKey(std::string_view key, std::string_view value);
  Outcome ParseEndpoint(std::string_view value);
  Outcome ParseAllowedIp(std::string_view value);
  Outcome StartPeer(std::string_view value);
  PeerUpdate& peer() { return update_.peers.back(); }

  static Outcome AcceptIf(bool good) { return good ? Outcome::kAccepted : Outcome::kBadValue; }
  // For the keys whose only value is `true`.
  static Outcome ParseTrue(std::string_view value, bool* flag) {
    if (value != "true") return Outcome::kBadValue;
    *flag = true;
    return Outcome::kAccepted;
  }
  static Outcome ParseCipher(std::string_view value, std::optional<TransportCipher>* target) {
    *target = ParseTransportCipher(value);
    return AcceptIf(target->has_value());
  }
  template <typename T>
  static Outcome ParseInto(std::string_view value, uint64_t greatest, std::optional<T>* target) {
    const std::optional<uint64_t> number = ParseNumber(value, greatest);
    if (!number) return Outcome::kBadValue;
    *target = static_cast<T>(*number);
    return Outcome::kAccepted;
  }

  const ZoneIndexFunction zone_index_;
  const bool takes_own_keys_;  // those of FormatSet that wg does not know
  size_t line_number_ = 1;     // of the whole request; the operation is line 1
  DeviceUpdate update_;
  UapiError error_;
};

// The key of a line for the log: only a word that can be no part of a secret.
std::string Shown(std::string_view key) {
  constexpr size_t kLongestKey = sizeof("persistent_keepalive_interval") - 1;
  const bool is_word = key.size() <= kLongestKey && std::ranges::all_of(key, [](char c) {
                         return (c >= 'a' && c <= 'z') || c == '_';
                       });
  return is_word ? fmt::format("'{}'", key) : std::string("(not shown)");
}

std::variant<DeviceUpdate, UapiError> SetParser::Parse(std::string_view body) {
  while (!body.empty()) {
    const size_t newline = body.find('\n');
    if (!ParseLine(body.substr(0, newline))) return std::move(error_);
    body.remove_prefix(newline == std::string_view::npos ? body.size() : newline + 1);
  }
  return std::move(update_);
}

bool SetParser::ParseLine(std::string_view line) {
  ++line_number_;
  const size_t equals = line.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    Refuse(EPROTO, line_number_, "not of the form key=value");
    return false;
  }
  const std::string_view key = line.substr(0, equals);
  const std::string_view value = line.substr(equals + 1);
  Outcome outcome = Outcome::kUnknownKey;
  if (key == "public_key") {
    outcome = StartPeer(value);
  } else if (update_.peers.empty()) {
    outcome = ParseDeviceKey(key, value);
  } else {
    outcome = ParsePeerKey(key, value);
  }
  switch (outcome) {
    case Outcome::kAccepted:
      return true;
    case Outcome::kUnknownKey:
      Refuse(
          EINVAL, line_number_,
          fmt::format("unknown {} key {}", update_.peers.empty() ? "device" : "peer", Shown(key)));
      return false;
    case Outcome::kBadValue:
      Refuse(EINVAL, line_number_, fmt::format("bad value of {}", Shown(key)));
      return false;
  }
  return false;
}

void SetParser::Refuse(int error_number, size_t line_number, std::string_view reason) {
  error_ = UapiError{error_number, fmt::format("set, line {}: {}", line_number, reason)};
}

SetParser::Outcome SetParser::ParseDeviceKey(std::string_view key, std::string_view value) {
  if (key == "private_key") {
    return AcceptIf(ParseKeyHex(value, update_.private_key.emplace().bytes()));
  }
  if (key == "listen_port") return ParseInto(value, UINT16_MAX, &update_.listen_port);
  if (key == "fwmark") return ParseInto(value, UINT32_MAX, &update_.fwmark);
  if (key == "replace_peers") return ParseTrue(value, &update_.replace_peers);
  if (takes_own_keys_ && key == kCipherKey) return ParseCipher(value, &update_.transport_cipher);
  return Outcome::kUnknownKey;
}

SetParser::Outcome SetParser::StartPeer(std::string_view value) {
  PeerUpdate started;
  if (!ParseKeyHex(value, started.public_key)) return Outcome::kBadValue;
  update_.peers.push_back(std::move(started));
  return Outcome::kAccepted;
}

SetParser::Outcome SetParser::ParsePeerKey(std::string_view key, std::string_view value) {
  if (key == "allowed_ip") return ParseAllowedIp(value);
  if (key == "endpoint") return ParseEndpoint(value);
  if (key == "preshared_key") {
    return AcceptIf(ParseKeyHex(value, peer().preshared_key.emplace().bytes()));
  }
  if (key == "persistent_keepalive_interval") {
    return ParseInto(value, UINT16_MAX, &peer().persistent_keepalive_seconds);
  }
  if (key == "replace_allowed_ips") {
    peer().allowed_ips.clear();
    return ParseTrue(value, &peer().replace_allowed_ips);
  }
  if (key == "remove") return ParseTrue(value, &peer().remove);
  if (key == "update_only") return ParseTrue(value, &peer().update_only);
  if (key == "protocol_version") return AcceptIf(value == "1");
  if (takes_own_keys_ && key == kNameKey) {
    peer().name = value;
    return Outcome::kAccepted;
  }
  if (takes_own_keys_ && key == kEndpointNameKey) {
    peer().endpoint_name = value;
    return Outcome::kAccepted;
  }
  if (takes_own_keys_ && key == kCipherKey) return ParseCipher(value, &peer().transport_cipher);
  return Outcome::kUnknownKey;
}

SetParser::Outcome SetParser::ParseEndpoint(std::string_view value) {
  std::optional<SocketAddress> endpoint = SocketAddress::Parse(value);
  const size_t percent = value.find('%');
  if (!endpoint && zone_index_ != nullptr && percent != std::string_view::npos) {
    const size_t bracket = value.find(']', percent);
    if (bracket == std::string_view::npos) return Outcome::kBadValue;
    const std::string zone(value.substr(percent + 1, bracket - percent - 1));
    const unsigned int index = zone_index_(zone.c_str());
    if (index == 0) return Outcome::kBadValue;
    endpoint = SocketAddress::Parse(
        fmt::format("{}%{}{}", value.substr(0, percent), index, value.substr(bracket)));
  }
  if (!endpoint) return Outcome::kBadValue;
  peer().endpoint = *endpoint;
  return Outcome::kAccepted;
}

SetParser::Outcome SetParser::ParseAllowedIp(std::string_view value) {
  const bool remove = value.starts_with('-');
  if (remove) value.remove_prefix(1);
  const std::optional<Prefix> prefix = Prefix::Parse(value);
  if (!prefix) return Outcome::kBadValue;
  peer().allowed_ips.push_back({*prefix, remove});
  return Outcome::kAccepted;
}

void AppendHexKey(std::string_view name, const crypto::Secret<32>& key, std::string* text) {
  std::string hex = KeyToHex(key.bytes());
  AppendSecret({name, "=", hex, "\n"}, text);
  crypto::Cleanse(hex.data(), hex.size());
}

template <typename Number>
void AppendNumber(std::string_view name, std::optional<Number> number, std::string* text) {
  if (number) AppendSecret({name, "=", fmt::to_string(*number), "\n"}, text);
}

void AppendCipher(std::optional<TransportCipher> cipher, std::string* text) {
  if (cipher) AppendSecret({kCipherKey, "=", TransportCipherName(*cipher), "\n"}, text);
}

void AppendPeer(const PeerUpdate& peer, std::string* text) {
  AppendSecret({"public_key=", KeyToHex(peer.public_key), "\n"}, text);
  if (peer.remove) AppendSecret({"remove=true\n"}, text);
  if (peer.update_only) AppendSecret({"update_only=true\n"}, text);
  if (peer.preshared_key) AppendHexKey("preshared_key", *peer.preshared_key, text);
  if (peer.endpoint) AppendSecret({"endpoint=", peer.endpoint->ToString(), "\n"}, text);
  AppendNumber("persistent_keepalive_interval", peer.persistent_keepalive_seconds, text);
  if (peer.replace_allowed_ips) AppendSecret({"replace_allowed_ips=true\n"}, text);
  for (const AllowedIpChange& change : peer.allowed_ips) {
    AppendSecret({"allowed_ip=", change.remove ? "-" : "", change.prefix.ToString(), "\n"}, text);
  }
  if (peer.name) AppendSecret({kNameKey, "=", *peer.name, "\n"}, text);
  if (peer.endpoint_name) AppendSecret({kEndpointNameKey, "=", *peer.endpoint_name, "\n"}, text);
  AppendCipher(peer.transport_cipher, text);
}

void AppendPeer(const PeerStatus& peer, std::string* chunk) {
  std::string preshared_key = KeyToHex(peer.preshared_key.bytes());
  fmt::format_to(std::back_inserter(*chunk), "public_key={}\n", KeyToHex(peer.public_key));
  // Not by way of the formatter, whose buffers nobody cleanses.
  chunk->append("preshared_key=").append(preshared_key).append("\nprotocol_version=1\n");
  crypto::Cleanse(preshared_key.data(), preshared_key.size());
  if (peer.endpoint) {
    fmt::format_to(std::back_inserter(*chunk), "endpoint={}\n", peer.endpoint->ToString());
  }
  int64_t seconds = 0;
  int64_t nanoseconds = 0;
  if (peer.last_handshake) {
    const absl::Duration since_epoch = *peer.last_handshake - absl::UnixEpoch();
    seconds = absl::ToUnixSeconds(*peer.last_handshake);
    nanoseconds = absl::ToInt64Nanoseconds(since_epoch - absl::Seconds(seconds));
    // wgctrl takes a time without nanoseconds for "never".
    nanoseconds = std::max<int64_t>(nanoseconds, 1);
  }
  fmt::format_to(std::back_inserter(*chunk),
                 "last_handshake_time_sec={}\nlast_handshake_time_nsec={}\ntx_bytes={}\nrx_bytes={}"
                 "\npersistent_keepalive_interval={}\n",
                 seconds, nanoseconds, peer.transmit_bytes, peer.receive_bytes,
                 peer.persistent_keepalive_seconds);
}

}  // namespace

UapiRequestReader::~UapiRequestReader() { crypto::Cleanse(buffer_.data(), buffer_.size()); }

void UapiRequestReader::Consume(size_t bytes) {
  if (bytes == 0) return;
  crypto::Cleanse(buffer_.data(), bytes);
  const size_t rest = buffer_.size() - bytes;
  std::copy(buffer_.begin() + static_cast<ptrdiff_t>(bytes), buffer_.end(), buffer_.begin());
  crypto::Cleanse(buffer_.data() + rest, bytes);
  buffer_.resize(rest);
  begin_ -= bytes;
  searched_ -= bytes;
  // A set with many peers comes seldom: its memory goes back.
  if (rest == 0 && buffer_.capacity() > kKeptBufferBytes) buffer_ = std::string();
}

void UapiRequestReader::Skip(std::string_view bytes) {
  for (const char byte : bytes) {
    overflow_ended_ = overflow_ended_ || (byte == '\n' && last_skipped_ == '\n');
    last_skipped_ = byte;
  }
}

void UapiRequestReader::Append(std::string_view bytes) {
  Consume(begin_);
  if (!overflowed_ && bytes.size() > bytes_max_ - std::min(bytes_max_, buffer_.size())) {
    overflowed_ = true;
    last_skipped_ = buffer_.empty() ? '\0' : buffer_.back();
  }
  if (overflowed_) {
    Skip(bytes);
    return;
  }
  AppendSecret({bytes}, &buffer_);
}

absl::StatusOr<std::optional<UapiRequest>> UapiRequestReader::Next() {
  // Only when all that came is given out: shifting the rest after each of many small requests would
  // be quadratic.
  if (begin_ == buffer_.size()) Consume(begin_);
  const std::string_view pending = std::string_view(buffer_).substr(begin_);
  const std::string_view line = pending.substr(0, kGetLine.size());
  const bool is_get = line == kGetLine.substr(0, line.size());
  if (!is_get && line != kSetLine.substr(0, line.size())) {
    return absl::InvalidArgumentError("a request is neither get=1 nor set=1");
  }
  // The newline of the operation may already be the first of the two that end a request.
  const size_t from = std::max(searched_, begin_ + kGetLine.size() - 1);
  const size_t end = from < buffer_.size() ? buffer_.find("\n\n", from) : std::string::npos;
  if (end == std::string::npos) {
    if (overflowed_) {
      if (is_get) return absl::InvalidArgumentError("get=1 takes no further lines");
      if (!overflow_ended_) return std::nullopt;
      return absl::ResourceExhaustedError(
          fmt::format("a request is longer than {} bytes", bytes_max_));
    }
    searched_ = std::max(from, buffer_.size() - std::min<size_t>(buffer_.size(), 1));
    return std::nullopt;
  }
  UapiRequest request;
  request.operation = is_get ? UapiOperation::kGet : UapiOperation::kSet;
  const size_t body = begin_ + kGetLine.size();
  request.body = std::string_view(buffer_).substr(body, end + 1 - body);
  if (is_get && !request.body.empty()) {
    return absl::InvalidArgumentError("get=1 takes no further lines");
  }
  begin_ = end + 2;
  searched_ = begin_;
  return request;
}

std::variant<DeviceUpdate, UapiError> ParseSet(std::string_view body,
                                               ZoneIndexFunction zone_index) {
  return SetParser(std::move(zone_index), /*takes_own_keys=*/false).Parse(body);
}

std::variant<DeviceUpdate, UapiError> ParseOwnSet(std::string_view body) {
  return SetParser(nullptr, /*takes_own_keys=*/true).Parse(body);
}

std::string FormatSet(const DeviceUpdate& update) {
  std::string text;
  if (update.private_key) AppendHexKey("private_key", *update.private_key, &text);
  AppendNumber("listen_port", update.listen_port, &text);
  AppendNumber("fwmark", update.fwmark, &text);
  AppendCipher(update.transport_cipher, &text);
  if (update.replace_peers) AppendSecret({"replace_peers=true\n"}, &text);
  for (const PeerUpdate& peer : update.peers) AppendPeer(peer, &text);
  return text;
}

std::string FormatSetAnswer(int error_number) { return fmt::format("errno={}\n\n", -error_number); }

std::string FormatGetError(int error_number) { return fmt::format("errno={}\n\n", error_number); }

UapiGetWriter::UapiGetWriter(DeviceStatus status, ListPeersFunction more)
    : status_(std::move(status)), peers_(std::move(status_.peers), std::move(more)) {}

void UapiGetWriter::AppendDevice(std::string* chunk) const {
  if (status_.private_key && !status_.private_key->IsZero()) {
    std::string private_key = KeyToHex(status_.private_key->bytes());
    chunk->append("private_key=").append(private_key).append("\n");
    crypto::Cleanse(private_key.data(), private_key.size());
  }
  fmt::format_to(std::back_inserter(*chunk), "listen_port={}\n", status_.listen_port);
  if (status_.fwmark != 0) {
    fmt::format_to(std::back_inserter(*chunk), "fwmark={}\n", status_.fwmark);
  }
}

bool UapiGetWriter::Next(std::string* chunk, size_t about_bytes) {
  const size_t size_before = chunk->size();
  about_bytes = std::max<size_t>(about_bytes, 1);
  if (size_before == 0) chunk->reserve(about_bytes + kGetStepBytesMax);
  if (stage_ == Stage::kDevice) {
    AppendDevice(chunk);
    stage_ = Stage::kPeers;
  }
  while (stage_ == Stage::kPeers && chunk->size() - size_before < about_bytes) {
    const PeerStatus* const peer = peers_.Current();
    if (peer == nullptr) {
      chunk->append("errno=0\n\n");
      stage_ = Stage::kComplete;
      break;
    }
    if (!in_allowed_ips_) {
      AppendPeer(*peer, chunk);
      in_allowed_ips_ = true;
    } else if (allowed_ip_index_ < peer->allowed_ips.size()) {
      fmt::format_to(std::back_inserter(*chunk), "allowed_ip={}\n",
                     peer->allowed_ips[allowed_ip_index_++].ToString());
    } else {
      peers_.Next();
      in_allowed_ips_ = false;
      allowed_ip_index_ = 0;
    }
  }
  return stage_ != Stage::kComplete;
}

}  // namespace ringwire
