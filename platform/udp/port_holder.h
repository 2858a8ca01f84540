#ifndef RINGWIRE_PLATFORM_UDP_PORT_HOLDER_H_
#define RINGWIRE_PLATFORM_UDP_PORT_HOLDER_H_

#include <cstdint>
#include <string>

namespace ringwire::platform {

// The process that has a UDP socket on this port in this network namespace, as "ringwire run
// wg1.conf (process 4711)". Empty: none that this process may look at. Reads /proc.
std::string HolderOfUdpPort(uint16_t port);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_UDP_PORT_HOLDER_H_
