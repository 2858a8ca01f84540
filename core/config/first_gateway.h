#ifndef RINGWIRE_CORE_CONFIG_FIRST_GATEWAY_H_
#define RINGWIRE_CORE_CONFIG_FIRST_GATEWAY_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/config/config_value.h"
#include "core/wire/address.h"
#include "crypto/random.h"

// The first configuration of a gateway that clients connect to. Pure.
namespace ringwire {

struct FirstGateway {
  std::string interface = "wg0";
  uint16_t listen_port = 51820;
  std::vector<InterfaceAddress> addresses;
  bool forwards = true;  // clients reach the internet, and this host's networks, through it
};

// An IPv4 address in a private network of 254 clients that overlaps none of `taken`, or 10.77.0.1
// if they take all, and an IPv6 address in a random private network (RFC 4193).
std::vector<InterfaceAddress> AddressesForFirstGateway(std::span<const Prefix> taken,
                                                       crypto::Random& random);

// The file, whose key is in INTERFACE.key beside it.
std::string FirstGatewayText(const FirstGateway& gateway);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONFIG_FIRST_GATEWAY_H_
