#ifndef RINGWIRE_PLATFORM_OBSERVE_HEALTH_H_
#define RINGWIRE_PLATFORM_OBSERVE_HEALTH_H_

#include <cstddef>
#include <string>

#include "absl/time/time.h"
#include "platform/control/sockets/status_report.h"

// What a report says about the health of a service. Pure.
namespace ringwire::platform {

// Whether there is a session with this peer that can carry packets.
bool HasSession(const PeerStatus& peer, absl::Time now);
size_t CountSessions(const StatusReport& report, absl::Time now);

// Why a service is not ready, in a few words. Empty: everything is set up, the link is up, and the
// service is not ending. Peers do not count: a gateway whose peers are asleep is ready.
std::string WhyNotReady(const StatusReport& report);

struct Health {
  bool ready = false;
  std::string line;  // for people: "wg0: ready, 2 of 3 peers have a session"
};
Health HealthOf(const StatusReport& report, absl::Time now);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_OBSERVE_HEALTH_H_
