#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "core/base/limits.h"
#include "core/config/config_parser.h"
#include "fmt/format.h"

// The keys of [Peer], and what their values mean.
namespace ringwire::config_parser {
namespace {

void ReadPublicKey(std::string_view value, Reading* reading) {
  reading->peer_has_public_key = true;
  crypto::PublicKey key{};
  if (ReadKey(value, key, reading)) reading->peer().public_key = key;
}

void ReadPresharedKey(std::string_view value, Reading* reading) {
  crypto::PresharedKey key;
  if (!ReadKey(value, key.bytes(), reading)) return;
  if (!reading->peer().preshared_key_file.empty()) {
    reading->Fail(reading->key_position(), "PresharedKey and PresharedKeyFile exclude each other");
  }
  reading->peer().preshared_key = std::move(key);
}

void ReadPresharedKeyFile(std::string_view value, Reading* reading) {
  if (reading->peer().preshared_key) {
    reading->Fail(reading->key_position(), "PresharedKey and PresharedKeyFile exclude each other");
  }
  ReadPath(value, &reading->peer().preshared_key_file, reading);
  reading->peer().preshared_key_file_position = reading->PositionOf(value);
}

void ReadAllowedIps(std::string_view value, Reading* reading) {
  if (!reading->peer().names_allowed_ips)
    reading->peer().allowed_ips_position = reading->PositionOf(value);
  reading->peer().names_allowed_ips = true;
  if (value.empty()) return;
  for (bool last = false; !last;) {
    const size_t comma = value.find(',');
    last = comma == std::string_view::npos;
    const std::string_view at = Trim(value.substr(0, comma));
    const std::string entry = WithoutSpaces(at);
    std::string_view text = entry;
    const bool remove = text.starts_with('-');
    if (remove || text.starts_with('+')) {
      reading->peer().allowed_ips_incremental = true;
      text.remove_prefix(1);
    }
    if (const std::optional<Prefix> prefix = Prefix::Parse(text)) {
      reading->peer().allowed_ips.push_back({*prefix, remove});
    } else if (entry.empty()) {
      reading->Fail(at, "AllowedIPs has an empty entry; entries are separated by one comma");
    } else {
      reading->Fail(at, fmt::format("AllowedIPs must be like 10.0.0.0/24 or fd00::/64, not {}",
                                    QuotedUnlessKey(entry)));
    }
    if (!last) value.remove_prefix(comma + 1);
  }
}

void ReadEndpoint(std::string_view value, Reading* reading) {
  const std::string text = WithoutSpaces(value);
  std::string why;
  std::optional<EndpointName> endpoint = EndpointName::Parse(text, &why, reading->service_port());
  if (!endpoint) {
    reading->Fail(
        value, fmt::format("Endpoint must be HOST:PORT, with an IPv6 address in brackets, not {}{}",
                           QuotedUnlessKey(text), Because(why)));
    return;
  }
  reading->peer().endpoint = std::move(endpoint);
  reading->peer().endpoint_position = reading->PositionOf(value);
}

void ReadPersistentKeepalive(std::string_view value, Reading* reading) {
  reading->peer().persistent_keepalive_position = reading->PositionOf(value);
  if (EqualIgnoringCase(WithoutSpaces(value), "off")) {
    reading->peer().persistent_keepalive_seconds = 0;
  } else if (const auto number = ReadNumber(value, 0, UINT16_MAX, " (seconds) or off", reading)) {
    reading->peer().persistent_keepalive_seconds = static_cast<uint16_t>(*number);
  }
}

void ReadName(std::string_view value, Reading* reading) {
  if (value.size() > kPeerNameBytesMax || std::ranges::any_of(value, IsControl)) {
    reading->Fail(
        value, fmt::format("Name must be printable text of at most {} bytes", kPeerNameBytesMax));
    return;
  }
  reading->peer().name = value;
}

void ReadPeerCipher(std::string_view value, Reading* reading) {
  if (const auto cipher = ReadCipher(value, reading)) reading->peer().transport_cipher = *cipher;
}

constexpr KeyRow kPeerKeys[] = {
    {.name = "PublicKey", .read = &ReadPublicKey},
    {.name = "PresharedKey", .read = &ReadPresharedKey},
    {.name = "PresharedKeyFile", .read = &ReadPresharedKeyFile, .is_free_text = true},
    {.name = "AllowedIPs", .read = &ReadAllowedIps, .may_be_empty = true, .adds_up = true},
    {.name = "Endpoint", .read = &ReadEndpoint},
    {.name = "PersistentKeepalive", .read = &ReadPersistentKeepalive},
    {.name = "Name", .read = &ReadName, .is_free_text = true},
    {.name = "TransportCipher", .read = &ReadPeerCipher},
};

}  // namespace

std::span<const KeyRow> PeerKeys() { return kPeerKeys; }

}  // namespace ringwire::config_parser
