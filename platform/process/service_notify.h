#ifndef RINGWIRE_PLATFORM_PROCESS_SERVICE_NOTIFY_H_
#define RINGWIRE_PLATFORM_PROCESS_SERVICE_NOTIFY_H_

#include <sys/types.h>

#include <optional>
#include <string_view>

#include "absl/time/time.h"

// What a service tells the service manager that started it, if that asked for it (sd_notify(3)). A
// failure is logged: the tunnel works anyway. Thread-compatible.
namespace ringwire::platform {

// Everything is up, or a reload has ended. `status`: a line for people; empty: none.
void NotifyReady(std::string_view status = {});
// A reload begins; NotifyReady() ends it.
void NotifyReloading();
// Feeds the watchdog.
void NotifyAlive();

// How often the manager wants to hear NotifyAlive() from the process `service`, which it started: a
// quarter of the time after which it takes the service for hung. Nullopt: it has no watchdog.
std::optional<absl::Duration> HeartbeatInterval(pid_t service);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PROCESS_SERVICE_NOTIFY_H_
