#ifndef RINGWIRE_CORE_ENROL_PUSHED_CONFIG_H_
#define RINGWIRE_CORE_ENROL_PUSHED_CONFIG_H_

#include <vector>

#include "core/enrol/message_files.h"
#include "core/wire/address.h"
#include "crypto/secret.h"

namespace ringwire::enrol {

// The settings that a gateway pushes. Form and bounds are checked; whether the client may use
// it, its own policy decides (client_policy.h).
struct PushedConfig {
  crypto::PublicKey gateway_key{};
  std::vector<IpAddress> addresses;  // of the client, inside the tunnel; at least one
  PushedSettings settings;
  static void Fields(auto& self, auto& visit) {
    visit(self.gateway_key, UpTo(self.addresses, kLeaseAddressesMax), self.settings);
  }
};

}  // namespace ringwire::enrol

#endif  // RINGWIRE_CORE_ENROL_PUSHED_CONFIG_H_
