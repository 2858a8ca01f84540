#ifndef RINGWIRE_PLATFORM_PROCESS_SERVICE_NOTIFY_H_
#define RINGWIRE_PLATFORM_PROCESS_SERVICE_NOTIFY_H_

namespace ringwire::platform {

// Tells the service manager that everything is up, if one started this process and asked for it
// (sd_notify(3)). A failure is logged: the tunnel works anyway.
void NotifyReady();

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PROCESS_SERVICE_NOTIFY_H_
