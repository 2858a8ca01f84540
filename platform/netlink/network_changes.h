#ifndef RINGWIRE_PLATFORM_NETLINK_NETWORK_CHANGES_H_
#define RINGWIRE_PLATFORM_NETLINK_NETWORK_CHANGES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/wire/address.h"

struct nlmsghdr;

// What notifications of rtnetlink mean to one tunnel. Pure.
namespace ringwire::platform {

// The tunnel's part of this host.
struct TunnelObjects {
  uint32_t interface_index = 0;
  std::vector<uint32_t> tables;         // of its own
  std::vector<uint32_t> other_tunnels;  // their interfaces
};

struct NetworkChanges {
  static constexpr size_t kRemovedMax = 4096;

  struct RemovedRule {
    IpFamily family = IpFamily::kNone;
    uint32_t priority = 0;
    friend bool operator==(const RemovedRule&, const RemovedRule&) = default;
  };
  struct RemovedRoute {
    Prefix prefix;
    uint32_t table = 0;
    friend bool operator==(const RemovedRoute&, const RemovedRoute&) = default;
  };

  bool lost = false;                 // messages: anything may have changed
  bool local_networks = false;       // they or the uplinks may be others than before
  bool link = false;                 // the name or state of the tunnel's interface
  bool addresses = false;            // one of the tunnel's interface is gone
  bool sysctls = false;              // forwarding or the reverse path check of any interface
  std::vector<RemovedRule> rules;    // of anyone
  std::vector<RemovedRoute> routes;  // of the tunnel
  uint32_t port = 0;                 // of the latest process that removed something; 0: the kernel

  // Something of the tunnel may be gone or changed.
  bool MayConcernTunnel() const {
    return lost || link || addresses || sysctls || !rules.empty() || !routes.empty();
  }
};

void AddMessage(nlmsghdr* message, const TunnelObjects& tunnel, NetworkChanges* changes);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_NETWORK_CHANGES_H_
