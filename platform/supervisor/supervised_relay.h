#ifndef RINGWIRE_PLATFORM_SUPERVISOR_SUPERVISED_RELAY_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_SUPERVISED_RELAY_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/instant.h"
#include "core/config/config_file.h"
#include "core/device/device_update.h"
#include "crypto/secret.h"
#include "platform/relay/device_runner.h"
#include "platform/relay/relay_bodies.h"

namespace ringwire::platform {

// The relay process of an interface as its supervisor uses it: RelayProcess, or the double of a
// test. A request waits for the reply, with a deadline, and an end signal interrupts it. Aborted:
// the relay refused, with its reason. NotFound: the relay is gone. Thread-compatible.
class SupervisedRelay {
 public:
  using OnUnanswered = std::function<void(std::span<const crypto::PublicKey> peers)>;

  virtual ~SupervisedRelay() = default;

  // Called with peers that do not answer, while messages are taken or replies waited for.
  virtual void set_on_unanswered(OnUnanswered on_unanswered) = 0;
  // Called after Hosts(), once, when the peers or their AllowedIPs are others; likewise.
  virtual void set_on_peers_changed(std::function<void()> on_peers_changed) = 0;
  // The UDP port and mark of the configuration, and no others.
  virtual void AllowSockets(uint16_t port, uint32_t mark) = 0;
  // Also those of a configuration that may replace it.
  virtual void AlsoAllowSockets(uint16_t port, uint32_t mark) = 0;
  // End signals interrupt no request from now on.
  virtual void IgnoreEndSignals() = 0;

  // Starts the process, which waits for Start(). `in_child` runs in the new process: it returns the
  // settings and frees what that process must not keep. Call before this process has a thread.
  virtual absl::Status Fork(const std::function<DeviceSettings()>& in_child) = 0;
  // Makes the device, with these endpoints. Returns the interface's index.
  virtual absl::StatusOr<uint32_t> Start(std::span<const PeerUpdate> endpoints) = 0;
  // Everything is set up.
  virtual absl::Status Serve() = 0;
  // The service is ending: it is not ready any more. Best effort.
  virtual void Drain() = 0;

  virtual bool IsRunning() const = 0;  // from Fork() until Reap()
  // Readable: TakeMessage() has something to do. -1: there is no process.
  virtual int fd() const = 0;
  // Takes one message, without waiting. Error: the relay is gone or broke the rules; reap it.
  virtual absl::Status TakeMessage() = 0;

  // What replaces the process.
  struct Successor {
    std::string program;  // its path
    std::vector<std::string> arguments;
    // The text of ToDeviceText for a device in this state, which has the keys.
    std::function<std::string(ConfigFile state)> configuration;
    std::vector<PeerUpdate> endpoints;  // as for Start()
  };
  // Replaces the process by one of another program, which takes over its interface, sockets and
  // state. Sessions are renewed. Peers and tools wait some milliseconds. On an error the process
  // goes on as it was, unless TakeMessage() says that it is gone: GoBack() then.
  virtual absl::Status Upgrade(const Successor& successor) = 0;
  // Starts the previous program in the place of an upgraded process that is gone before its
  // probation ends. FailedPrecondition: there is nothing to go back to.
  virtual absl::Status GoBack() = 0;
  virtual Instant probation_end() const = 0;  // infinite: there is no upgraded process
  virtual void EndProbation() = 0;

  // The text of ToDeviceText.
  virtual absl::Status Configure(std::string_view text) = 0;
  virtual absl::Status SetMark(uint32_t mark) = 0;
  virtual absl::Status Forget(const crypto::PublicKey& peer) = 0;
  // What the device is configured with now, by anyone. Contains the keys.
  virtual absl::StatusOr<ConfigFile> State() = 0;
  virtual absl::StatusOr<std::vector<crypto::PublicKey>> Peers() = 0;
  // The single addresses in the AllowedIPs of each peer.
  virtual absl::StatusOr<std::vector<PeerHosts>> Hosts() = 0;
  // Adds, changes or removes peers with leases, which no configuration replaces or names.
  virtual absl::Status ChangeLeases(std::span<const PeerUpdate> peers) = 0;
  // Peers with leases that have shaken hands.
  virtual absl::StatusOr<std::vector<crypto::PublicKey>> UsedLeases() = 0;
  // There is no reply.
  virtual absl::Status MoveEndpoints(std::span<const PeerUpdate> peers) = 0;

  // Ends the conversation, so that the relay ends; fd() stays as it is until Reap().
  virtual void HangUp() = 0;
  // Ends the process, by force if necessary. True: it ended by itself without an error. False, and
  // nothing happens: there is no process.
  virtual bool Reap() = 0;
  // The relay's last error; empty: none.
  virtual const std::string& error() const = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_SUPERVISED_RELAY_H_
