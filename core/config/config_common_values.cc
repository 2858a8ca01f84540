#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "core/config/config_parser.h"
#include "core/config/number_text.h"
#include "core/device/key_text.h"
#include "crypto/secret.h"
#include "fmt/format.h"

// Values that several keys have.
namespace ringwire::config_parser {
namespace {

constexpr size_t kPathBytesMax = 4095;  // PATH_MAX without its NUL
constexpr size_t kDomainBytesMax = 253;

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

}  // namespace

bool ReadKey(std::string_view value, std::span<uint8_t, 32> key, Reading* reading) {
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
    reading->Fail(
        value, fmt::format("{} must be {} characters of base64, as `wg genkey` prints; it has {}",
                           reading->key().name, kKeyBase64Length, length));
  } else if (!good) {
    reading->Fail(value, fmt::format("{} is not the base64 of 32 bytes", reading->key().name));
  }
  return good;
}

std::optional<uint64_t> ReadNumber(std::string_view value, uint64_t least, uint64_t greatest,
                                   std::string_view other_words, Reading* reading) {
  const std::string text = WithoutSpaces(value);
  const std::optional<uint64_t> number = ParseNumber(text, greatest);
  if (number && *number >= least) return number;
  reading->Fail(
      value, fmt::format("{} must be a number from {} to {}{}, not {}", reading->key().name, least,
                         greatest, other_words, QuotedUnlessKey(text)));
  return std::nullopt;
}

void ReadPath(std::string_view value, std::string* path, Reading* reading) {
  if (value.size() > kPathBytesMax || std::ranges::any_of(value, IsControl)) {
    reading->Fail(value, fmt::format("{} must be a path of at most {} bytes", reading->key().name,
                                     kPathBytesMax));
    return;
  }
  *path = value;
}

std::optional<bool> ReadSwitch(std::string_view value, Reading* reading) {
  if (EqualIgnoringCase(value, "on")) return true;
  if (EqualIgnoringCase(value, "off")) return false;
  reading->Fail(value, fmt::format("{} must be on or off, not {}", reading->key().name,
                                   QuotedUnlessKey(value)));
  return std::nullopt;
}

void ReadDnsList(std::string_view value, DnsSettings* dns, Reading* reading) {
  for (const std::string_view text : Words(value)) {
    std::string why;
    if (std::optional<NameServer> server = NameServer::Parse(text, &why)) {
      dns->servers.push_back(*std::move(server));
    } else if (IsDomain(text)) {
      dns->search.emplace_back(text);
    } else {
      reading->Fail(text, fmt::format("DNS must be addresses and domains to search in, not {}{}",
                                      QuotedUnlessKey(text), Because(why)));
    }
  }
}

std::optional<TransportCipher> ReadCipher(std::string_view value, Reading* reading) {
  const std::optional<TransportCipher> cipher = ParseTransportCipher(value);
  if (!cipher) {
    reading->Fail(value, fmt::format("TransportCipher must be auto or chacha20-poly1305, not {}",
                                     QuotedUnlessKey(value)));
  }
  return cipher;
}

void ReadPrefixes(std::string_view value, size_t most, std::vector<Prefix>* list,
                  Reading* reading) {
  for (const std::string_view text : Words(value)) {
    const std::optional<Prefix> prefix = Prefix::Parse(text);
    if (!prefix.has_value()) {
      reading->Fail(text, fmt::format("{} must be networks like 10.8.0.0/24 or fd00::/64, not {}",
                                      reading->key().name, QuotedUnlessKey(text)));
    } else if (std::ranges::find(*list, *prefix) == list->end() &&
               HasRoom(*list, most, text, reading)) {
      list->push_back(*prefix);
    }
  }
}

void ReadPostQuantum(std::string_view value, PostQuantum* wanted, Reading* reading) {
  if (EqualIgnoringCase(value, "auto")) {
    *wanted = PostQuantum::kAuto;
  } else if (EqualIgnoringCase(value, "require")) {
    *wanted = PostQuantum::kRequire;
  } else if (EqualIgnoringCase(value, "off")) {
    *wanted = PostQuantum::kOff;
  } else {
    reading->Fail(value, fmt::format("PostQuantum must be auto, require or off, not {}",
                                     QuotedUnlessKey(value)));
  }
}

}  // namespace ringwire::config_parser
