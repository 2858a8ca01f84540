#ifndef RINGWIRE_PLATFORM_PROCESS_SERVICE_NOTIFY_H_
#define RINGWIRE_PLATFORM_PROCESS_SERVICE_NOTIFY_H_

namespace ringwire::platform {

// Tells the service manager, if one has started this process and wants to know (sd_notify(3)), that
// everything is up. What goes wrong with that is logged: the tunnel works all the same.
void NotifyReady();

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PROCESS_SERVICE_NOTIFY_H_
