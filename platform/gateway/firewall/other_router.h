#ifndef RINGWIRE_PLATFORM_GATEWAY_FIREWALL_OTHER_ROUTER_H_
#define RINGWIRE_PLATFORM_GATEWAY_FIREWALL_OTHER_ROUTER_H_

#include <string>
#include <string_view>

namespace ringwire::platform {

// A chain of a program that forwards packets of containers or virtual machines, as
// "the chain DOCKER of docker". `listing`: nft's chains, in JSON. Empty: there is none. Pure.
std::string OtherRouterIn(std::string_view listing);

// The same, of this network namespace. Such a program needs this host's forwarding, and does not
// switch it on if it was on at its start. Empty also if the firewall cannot be read.
std::string FindOtherRouter();

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_FIREWALL_OTHER_ROUTER_H_
