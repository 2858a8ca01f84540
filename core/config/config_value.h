#ifndef RINGWIRE_CORE_CONFIG_CONFIG_VALUE_H_
#define RINGWIRE_CORE_CONFIG_CONFIG_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ascii.h"
#include "core/device/device_update.h"
#include "core/wire/address.h"

// Words and values of the configuration file, before they have a meaning: spaces, cases, quoting,
// addresses.
namespace ringwire {

// The UDP port of a service, as /etc/services has it; nullopt: no such name. A null pointer: names
// are not looked up.
using ServicePort = std::optional<uint16_t> (*)(const std::string& name);

// A port by its number, `least` or more, or by its service's name. `why` as below.
std::optional<uint16_t> ParsePort(std::string_view text, uint16_t least, ServicePort lookup,
                                  std::string* why);

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

// A name server: an address, of a link-local one perhaps with its interface, as fe80::1%eth0.
struct NameServer {
  IpAddress address;
  std::string zone = {};  // empty: none

  // `why` as above.
  static std::optional<NameServer> Parse(std::string_view text, std::string* why);
  std::string ToString() const;
  friend bool operator==(const NameServer&, const NameServer&) = default;
};

// Where a peer is, before names are resolved.
struct EndpointName {
  std::string host;  // a name, or an address without brackets, perhaps with a %zone
  uint16_t port = 0;

  // HOST:PORT; an IPv6 address is best in brackets, as wg takes it without them too. A short form
  // of an IPv4 address (127.1) becomes the address. `why` says what is wrong where the text alone
  // does not show it, above all where wg would take it; else it stays empty.
  static std::optional<EndpointName> Parse(std::string_view text, std::string* why = nullptr,
                                           ServicePort lookup = nullptr);
  std::string ToString() const;  // with brackets around an IPv6 address
  friend bool operator==(const EndpointName&, const EndpointName&) = default;
};

// Why such a number is refused: wg-quick hands it to ip, for which 024 is 20.
inline constexpr std::string_view kOctalForWgQuick =
    "wg-quick takes a number that starts with 0 for octal; leave the 0 out";

// wg ignores spaces everywhere, also inside words.
std::string WithoutSpaces(std::string_view text);

// A list, as wg-quick: separated by commas or spaces, as many as there are. Each is a part of
// `value`.
std::vector<std::string_view> Words(std::string_view value);

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

// How many letters are missing, too many or wrong; two neighbours exchanged count once (optimal
// string alignment). Case is ignored. Quadratic: for words of bounded length.
size_t EditDistance(std::string_view a, std::string_view b);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONFIG_CONFIG_VALUE_H_
