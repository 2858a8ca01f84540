#ifndef RINGWIRE_PLATFORM_SUPERVISOR_SUPERVISED_TUNNEL_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_SUPERVISED_TUNNEL_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/instant.h"
#include "core/config/config_file.h"
#include "core/wire/address.h"
#include "platform/gateway/host/apply.h"
#include "platform/process/program.h"
#include "platform/supervisor/in_force.h"
#include "platform/supervisor/saved_addresses.h"

namespace ringwire::platform {

// A configuration that may replace the one in force, and its plan.
struct PlannedChange {
  ConfigFile config;  // with keys
  HostFacts facts;
  Plan plan;
};

// What `save` needs of the interface. Absent: it cannot be read.
struct ObservedInterface {
  std::optional<uint16_t> mtu;
  std::optional<AddressesToSave> addresses;
};

enum class UndoScope : uint8_t {
  kLastUp,        // an Up() that cannot be used, as a failed one is undone
  kPreDownHooks,  // runs them
  kAllButBlocks,  // what blocks traffic outside the tunnel stays
  kEverything,
};

// One tunnel on this host as its supervisor uses it: TunnelOnHost, or the double of a test.
// Everything that it changes on the host is in a journal first. Thread-compatible.
class SupervisedTunnel {
 public:
  // Who makes the interface. It exists as long as a process holds it.
  struct InterfaceOwner {
    std::function<absl::StatusOr<uint32_t>()> create;  // returns its index
    std::function<void()> remove;                      // ends the process
  };
  using Endpoints = std::span<const std::optional<SocketAddress>>;  // of the peers, in order
  // Makes the relay follow. An error rolls the change back.
  using Commit = absl::FunctionRef<absl::Status(const ConfigFile& wanted)>;

  virtual ~SupervisedTunnel() = default;

  virtual const InForce& in_force() const = 0;
  virtual void ForgetKeys() = 0;  // of the configuration in force

  // Takes the journal. AlreadyExists: another process serves the interface.
  virtual absl::Status Open(InterfaceOwner owner) = 0;
  // Undoes what a predecessor left, except what blocks traffic, and plans. Changes nothing else.
  virtual absl::Status Prepare(ConfigFile config) = 0;
  // Plans once more with the MTU of the routes to these endpoints.
  virtual void ChooseMtu(Endpoints endpoints) = 0;
  // Carries the plan out. On an error everything is as before, except that a kill switch stays.
  virtual absl::Status Up() = 0;
  // About firewalls that block the tunnel's packets.
  virtual std::vector<std::string> FirewallWarnings() = 0;

  // Reserves the numbers of the plan: follow it by Replace() or Abandon().
  virtual absl::StatusOr<PlannedChange> PlanChange(ConfigFile wanted, Endpoints endpoints) = 0;
  // On an error everything is as before; Abandon() then.
  virtual absl::Status Replace(PlannedChange change, Commit commit) = 0;
  virtual void Abandon() = 0;

  // Follows the peers of the device: the Ethernet segment of a Bridge reaches them.
  virtual absl::Status FollowPeers(std::vector<BridgePeer> peers) = 0;

  // Readable: NoticeChanges() has something to do. -1: nothing is followed.
  virtual int changes_fd() const = 0;
  virtual void NoticeChanges() = 0;
  virtual Instant look_at() const = 0;  // when Look() has something to do; perhaps never
  virtual void Look() = 0;

  virtual void set_while_hook(Meanwhile meanwhile) = 0;
  virtual void set_hook_output(const ProgramOutput& output) = 0;
  virtual ObservedInterface Observe() = 0;

  // Continues after a failure, and returns the first one.
  virtual absl::Status Undo(UndoScope scope, FailureReport report) = 0;
  // Undoes everything but what blocks traffic. For an interface that is gone.
  virtual absl::Status KeepClosed() = 0;
  virtual bool BlocksTraffic() const = 0;  // still, after KeepClosed() or a failed Up()
  // The last call. True: nothing is left to undo.
  virtual bool Close() = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_SUPERVISED_TUNNEL_H_
