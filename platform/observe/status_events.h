#ifndef RINGWIRE_PLATFORM_OBSERVE_STATUS_EVENTS_H_
#define RINGWIRE_PLATFORM_OBSERVE_STATUS_EVENTS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "platform/control/sockets/status_report.h"

// What happened to an interface between two looks at its status. Pure.
namespace ringwire::platform {

struct StatusEvent {
  // Stable: service_up, service_down, service_ready, service_draining, link_up, link_down,
  // peer_added, peer_removed, peer_connected, peer_silent, peer_roamed, offload_failed, under_load.
  std::string_view event;
  std::string device;
  std::string peer;    // its public key; empty: not about a peer
  std::string name;    // of the peer, if it has one
  std::string detail;  // an endpoint, an offload and its error
};

// nullopt: the service does not answer. A peer is silent when its session has expired and no packet
// can be sent to it or come from it.
std::vector<StatusEvent> EventsBetween(const std::optional<StatusReport>& before, absl::Time then,
                                       const std::optional<StatusReport>& after, absl::Time now);

// One line, with its end, for people or as JSON.
std::string FormatEvent(const StatusEvent& event, absl::Time now, bool json);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_OBSERVE_STATUS_EVENTS_H_
