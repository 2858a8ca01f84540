#ifndef RINGWIRE_PLATFORM_CONTROL_DEVICE_REQUESTS_H_
#define RINGWIRE_PLATFORM_CONTROL_DEVICE_REQUESTS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "crypto/aead_provider.h"
#include "platform/control/listen_sockets.h"
#include "platform/control/plane_driver.h"
#include "platform/control/socket_source.h"
#include "platform/control/sockets/device_control.h"
#include "platform/control/worker_group.h"
#include "platform/netlink/link_monitor.h"
#include "platform/netlink/netlink.h"
#include "platform/udp/receive_drops.h"

namespace ringwire::platform {

// What a device is, for `show`, and the parts that carry out requests. The pointers outlive
// DeviceRequests.
struct DeviceRequestsOptions {
  std::string interface_name;
  std::string version;
  std::string network_namespace;  // of the interface
  crypto::AeadProviders aead_providers;
  bool has_aes = false;
  CapabilityLadder* ladder = nullptr;
  std::unique_ptr<SocketSource> socket_source;  // never absent
  PlaneDriver* driver = nullptr;
  WorkerGroup* workers = nullptr;
  std::function<int()> asker;             // of SocketSource
  std::function<void()> on_mark_changed;  // the packets of the device have another mark
};

// Answers the requests of control sockets and of the supervisor: state, report, changes of the
// configuration. Owns the port and mark of the device's sockets. For the control thread.
class DeviceRequests final : public DeviceControl {
 public:
  explicit DeviceRequests(DeviceRequestsOptions options) : options_(std::move(options)) {}

  absl::Status Open();
  void set_listen(const ListenSockets& listen);
  void set_link(const LinkState& link) { link_ = link; }
  const LinkState& link() const { return link_; }
  // Called after a change of the peers or of their AllowedIPs.
  void set_on_peers_changed(std::function<void()> call) { on_peers_changed_ = std::move(call); }
  void set_stage(ServiceStage stage) { stage_ = stage; }
  // For `show`: the missing walls around this process.
  void set_missing_walls(std::vector<std::string> lines) { missing_walls_ = std::move(lines); }
  const ListenSockets& listen() const { return listen_; }

  // With all peers.
  DeviceStatus Status();
  size_t peer_count() const { return options_.driver->plane().peer_count(); }
  DeviceStatus StatusWithoutPeers() override;
  bool ListPeers(size_t* cursor, std::vector<PeerStatus>* peers) override;
  UapiError Apply(const DeviceUpdate& update) override;
  StatusReport Report() override;
  uint32_t InterfaceIndex(const std::string& name) override { return names_->IndexOf(name); }
  bool Forget(const crypto::PublicKey& peer) override;

 private:
  absl::Status ChangeSockets(const DeviceUpdate& update);
  StrayInitiations InitiationsForOthers() const;

  const DeviceRequestsOptions options_;
  ListenSockets listen_;
  LinkState link_;
  std::vector<std::string> missing_walls_;
  std::function<void()> on_peers_changed_;
  ServiceStage stage_ = ServiceStage::kStarting;
  ReceiveDrops receive_drops_;
  std::optional<Netlink> names_;  // set by Open(): asked for interfaces by name
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_DEVICE_REQUESTS_H_
