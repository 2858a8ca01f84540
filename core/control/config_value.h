#ifndef RINGWIRE_CORE_CONTROL_CONFIG_VALUE_H_
#define RINGWIRE_CORE_CONTROL_CONFIG_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/control/device_update.h"
#include "core/wire/address.h"

// Words and values of the configuration file, before they have a meaning: spaces, cases, quoting,
// addresses.
namespace ringwire {

// An address of the interface with the length of its network, as 10.0.0.1/24: the host bits stay.
struct InterfaceAddress {
  IpAddress address;
  uint8_t length = 0;

  // Without a length: the address alone. IPv4 also takes a netmask for the length, as wg-quick.
  // `why` says what is wrong where the text alone does not show it, else it stays empty.
  static std::optional<InterfaceAddress> Parse(std::string_view text, std::string* why = nullptr);
  std::string ToString() const;
  friend bool operator==(const InterfaceAddress&, const InterfaceAddress&) = default;
};

// Where a peer is, before names are resolved.
struct EndpointName {
  std::string host;  // a name, or an address without brackets, perhaps with a %zone
  uint16_t port = 0;

  // HOST:PORT; an IPv6 address is best in brackets, as wg takes it without them too. A short form of
  // an IPv4 address (127.1) becomes the address. `why` says what is wrong where the text alone does
  // not show it, above all where wg would take it; else it stays empty.
  static std::optional<EndpointName> Parse(std::string_view text, std::string* why = nullptr);
  std::string ToString() const;  // with brackets around an IPv6 address
  friend bool operator==(const EndpointName&, const EndpointName&) = default;
};

// Why such a number is refused: wg-quick hands it to ip, for which 024 is 20.
inline constexpr std::string_view kOctalForWgQuick =
    "wg-quick takes a number that starts with 0 for octal; leave the 0 out";

// ASCII only: the locale of the process must not decide what a configuration means.
constexpr bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr bool IsLetter(char c) { return Lower(c) >= 'a' && Lower(c) <= 'z'; }
constexpr bool IsControl(char c) { return static_cast<uint8_t>(c) < 32 || c == 127; }
bool EqualIgnoringCase(std::string_view a, std::string_view b);

// The result points into `text`, also when nothing is left: errors take their column from it.
std::string_view Trim(std::string_view text);
// wg ignores spaces everywhere, also inside words.
std::string WithoutSpaces(std::string_view text);

// In quotes, harmless on a terminal, of bounded length.
std::string Quoted(std::string_view text);
// A value for an error message: quoted, or not shown at all if it could be a key that was pasted
// into the wrong line.
std::string QuotedUnlessKey(std::string_view value);

// How a message goes on when there is more to say: ": why".
std::string Because(std::string_view why);

// "auto" or "chacha20-poly1305", in any case; nullopt: something else.
std::optional<TransportCipher> ParseTransportCipher(std::string_view text);
std::string_view TransportCipherName(TransportCipher cipher);

// Levenshtein's distance, case ignored. Quadratic: for words of bounded length.
size_t EditDistance(std::string_view a, std::string_view b);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_CONFIG_VALUE_H_
