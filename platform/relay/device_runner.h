#ifndef RINGWIRE_PLATFORM_RELAY_DEVICE_RUNNER_H_
#define RINGWIRE_PLATFORM_RELAY_DEVICE_RUNNER_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/config/config_file.h"
#include "core/device/device_update.h"
#include "crypto/aead_provider.h"
#include "platform/base/unique_fd.h"
#include "platform/control/control_loop.h"
#include "platform/control/sockets/unix_listener.h"
#include "platform/io/backend_factory.h"
#include "platform/relay/cpu_budget.h"
#include "platform/relay/device_parts.h"
#include "platform/sandbox/confinement.h"
#include "platform/tun/tun_device.h"
#include "platform/udp/udp_socket.h"

namespace ringwire::platform {

// The rest of a device that another process has stopped.
struct StoppedDevice {
  UdpSocketGroup sockets;
  DeviceUpdate update;  // as it was configured, with the keys
};

struct DeviceSettings {
  std::string name;
  std::string network_namespace;  // of the interface, an existing one; empty: our own
  std::optional<size_t> workers;  // absent: as many as the CPUs allow
  PinChoice pin = PinChoice::kAuto;
  IoBackendChoice io = IoBackendChoice::kAuto;
  OffloadSwitches offloads;
  BusyPoll busy_poll = BusyPoll::kAuto;
  bool warm_restart = true;  // keep endpoints of live peers, and initiate to them after a restart
  uint16_t listen_port = 0;
  uint32_t fwmark = 0;
  crypto::AeadPreference aead = crypto::AeadPreference::kAuto;
  std::optional<TransportCipher> transport_cipher;  // absent: what `update` says, else auto
  std::optional<DeviceUpdate> update;               // applied before the device is ready
  // Whether signals stop the device and it has its own admin socket; otherwise a supervisor has
  // both.
  bool is_on_its_own = true;
  UniqueFd tun_queue;    // inherited, or invalid: create the interface
  UniqueFd uapi_socket;  // inherited, or invalid: create the socket
  // The supervisor: this process ends with it. It opens and marks sockets and removes the files of
  // the control sockets, so that this process keeps no right. 0: none.
  pid_t supervisor = 0;
  std::unique_ptr<SocketSource> socket_source;  // the supervisor's, if there is one
  // Of a device that another process serves, instead of new ones; absent: make the device.
  std::optional<DeviceParts> parts;
  // With `parts`: called when everything else is open. Returns when the other process has stopped.
  std::function<absl::StatusOr<StoppedDevice>()> take_over;
};

// The composition of one device: interface, UDP sockets, control sockets, workers, control loop.
// The destructor undoes Start(); the interface, with its addresses and routes, goes with its last
// descriptor.
class DeviceRunner {
 public:
  // Does everything until ready, in the order in which a failure costs least. The error says what
  // failed, why, and what to do.
  static absl::StatusOr<std::unique_ptr<DeviceRunner>> Start(DeviceSettings settings);

  // Runs the device on this thread until it is stopped.
  absl::Status Run() { return loop_->Run(); }

  ControlLoop& loop() { return *loop_; }
  uint32_t interface_index() const { return interface_index_; }
  // What a successor takes over while this one runs. Valid as long as the device.
  const DevicePartsView& parts() const { return parts_; }
  // "wg0 is ready: …"
  std::string ReadyLine();

 private:
  explicit DeviceRunner(DeviceSettings settings);

  absl::Status ChooseAead();
  absl::Status CreateDevice();
  absl::Status CreateDeviceHere(size_t workers);
  absl::Status AdoptDeviceHere();
  absl::Status WatchLink();
  // Refuses in the ladder the offloads that the system lacks. Never fails.
  absl::Status ProveOffloads();
  absl::Status OpenSockets();
  absl::Status ListenForTools();
  absl::Status AdoptListeners();
  void ListenForAdministrator();
  absl::Status ChooseBackend();
  absl::Status SetUpRings();
  absl::Status OpenLoop();
  absl::Status GiveUpRights();
  // Waits for the process that has served the device, if there is one.
  absl::Status TakeOver();
  absl::Status StartThreads();
  absl::Status Seal();
  absl::Status Configure();
  std::vector<WorkerOptions> MakeWorkerOptions();

  DeviceSettings settings_;
  std::string name_;
  CapabilityLadder ladder_;
  bool merge_udp_ = false;  // merged packets to TUN may be UDP
  uint32_t interface_index_ = 0;
  std::vector<int> pin_cpus_;
  size_t usable_cpus_ = 0;
  bool io_uring_ = false;
  crypto::AeadProviders aead_providers_;
  std::vector<std::shared_ptr<Ring>> rings_;  // one per worker, until the workers are made
  TunDevice tun_;
  DevicePartsView parts_;
  UdpSocketGroup udp_;
  std::optional<LinkMonitor> link_monitor_;
  std::optional<UnixListener> uapi_listener_;
  std::optional<UnixListener> status_listener_;
  std::optional<UnixListener> admin_listener_;
  std::optional<Confinement> confinement_;
  std::unique_ptr<ControlLoop> loop_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_RELAY_DEVICE_RUNNER_H_
