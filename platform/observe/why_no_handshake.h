#ifndef RINGWIRE_PLATFORM_OBSERVE_WHY_NO_HANDSHAKE_H_
#define RINGWIRE_PLATFORM_OBSERVE_WHY_NO_HANDSHAKE_H_

#include <string>

#include "platform/control/sockets/status_report.h"

namespace ringwire::platform {

// Why there is no session with `peer`, which is one of the report's, in one line for people. Empty:
// there is one, or nobody has tried lately. Pure.
std::string WhyNoHandshake(const StatusReport& report, const PeerStatus& peer);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_OBSERVE_WHY_NO_HANDSHAKE_H_
