#ifndef RINGWIRE_CORE_ENROL_CLIENT_POLICY_H_
#define RINGWIRE_CORE_ENROL_CLIENT_POLICY_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/enrol/pushed_config.h"
#include "core/wire/address.h"

// The bounds of a gateway's influence. It pushes addresses, routes, name servers and an MTU;
// it cannot reach what is not part of the tunnel. Pure.
namespace ringwire::enrol {

// The limits that the client's own configuration and host set.
struct ClientLimits {
  std::optional<std::vector<Prefix>> routes =
      {};  // only what lies within these; absent: everything
  bool takes_dns = true;
  std::vector<IpAddress> host_addresses = {};  // of the host's other interfaces
  std::vector<Prefix> connected = {};          // networks that the host reaches without a router
};

struct AcceptedConfig {
  PushedConfig config;                // as far as it was accepted
  std::vector<std::string> left_out;  // a line for people on each route that was not
};

// All or nothing: an error says what the gateway pushed, "the gateway pushed ...", and nothing of
// it may be used. A route that covers a directly connected network is left out, unless `routes`
// lists it; so is what `routes` does not allow.
absl::StatusOr<AcceptedConfig> AcceptPushed(const PushedConfig& pushed, const ClientLimits& limits);

}  // namespace ringwire::enrol

#endif  // RINGWIRE_CORE_ENROL_CLIENT_POLICY_H_
