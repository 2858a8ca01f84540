#ifndef RINGWIRE_PLATFORM_SUPERVISOR_IN_FORCE_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_IN_FORCE_H_

#include <vector>

#include "core/config/config_file.h"
#include "core/wire/address.h"
#include "platform/gateway/plan/plan.h"
#include "platform/netlink/local_networks.h"

namespace ringwire::platform {

// What is in force on this host for one interface.
struct InForce {
  ConfigFile config;                // without keys once the relay has them
  HostFacts facts;                  // as before the first change
  LocalNetworks networks_at_start;  // of this configuration
  Plan plan;
  std::vector<Prefix> of_hooks;  // that hooks of this configuration added routes to
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_IN_FORCE_H_
