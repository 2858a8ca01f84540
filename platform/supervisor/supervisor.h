#ifndef RINGWIRE_PLATFORM_SUPERVISOR_SUPERVISOR_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_SUPERVISOR_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/instant.h"
#include "core/config/named_values.h"
#include "crypto/secret.h"
#include "platform/base/unique_fd.h"
#include "platform/config/config_source.h"
#include "platform/connect/lease_keeper.h"
#include "platform/relay/device_options.h"
#include "platform/supervisor/admin_queue.h"
#include "platform/supervisor/admin_socket.h"
#include "platform/supervisor/config_loader.h"
#include "platform/supervisor/down_notice.h"
#include "platform/supervisor/enrol_service.h"
#include "platform/supervisor/supervised_relay.h"
#include "platform/supervisor/supervised_tunnel.h"
#include "platform/supervisor/tunnel_names.h"

namespace ringwire::platform {

// The process of `run` and `up` that keeps its privileges and parses nothing from the network. It
// decides when the relay process starts, reloads and ends, and when the host changes with it. If
// the relay dies, it undoes everything except the steps that block traffic outside the tunnel.
//
// Single-threaded, except for loading a changed file and for the resolver's thread, which waits for
// the process that looks names up. SIGTERM, SIGINT and SIGHUP are blocked by the caller.
class Supervisor {
 public:
  struct Parts {
    std::unique_ptr<SupervisedRelay> relay;
    std::unique_ptr<SupervisedTunnel> tunnel;
    std::unique_ptr<TunnelNames> names;
    std::string state_folder;  // of the admin socket
    // Of a client: what its configuration was completed with. Null: there is no [Connect].
    std::unique_ptr<LeaseKeeper> lease = nullptr;
  };
  // Those of this host.
  static Parts PartsOf(const std::string& interface);

  Supervisor(DeviceFlags flags, ConfigSource loaded, Parts parts);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Sets everything up, or leaves everything as before and returns the reason. False: also as
  // before, because a signal ended the service first. Waits a short time for names.
  absl::StatusOr<bool> Start();
  // Runs until a signal (OK) or the end of the device. If it returns OK, the host is as before,
  // except that traffic stays blocked if another program deleted the device.
  absl::Status Run();

 private:
  absl::Status Prepare();
  absl::Status ForkRelay();
  std::vector<PeerUpdate> KnownEndpoints() const;
  absl::StatusOr<uint32_t> StartRelay();
  void EndRelay();
  absl::Status Up();
  void EndTunnel();
  absl::Status RelayIsGone();
  bool TakeSignal();              // false: to stop
  int MillisecondsToAct() const;  // -1: nothing is to be done at a time
  Instant AdminDue() const;
  void TakeNames();

  void NotePeers();
  void FollowPeers();

  void OpenAdminSocket();
  void WatchDuringHooks();
  void ServeHook();  // while one runs
  void TakeRequest(const AdminRequest& request, AdminAnswer answer);
  void ServeRequests();
  void TellAccess(const AdminAnswer& answer) const;
  void AnswerSaves();
  absl::StatusOr<std::vector<std::string>> Save();
  absl::Status Upgrade();
  // After the end of the relay. False: there is no previous program to go on with.
  bool GoBack();
  absl::Status ServeWithNewRelay();
  // Ends on request: with wg-quick's steps before the interface goes.
  absl::Status End();

  void StartReload();
  void FinishReload();
  void GiveUpReload();  // when it is time
  void ReportReload(const absl::Status& status);
  void EndReload(const AdminResult& result);
  absl::Status ApplyReload(ConfigSource wanted);
  absl::Status Change(PlannedChange change);

  bool KeepLease();
  void ApplyPushed();
  absl::Status ApplyLease(const ConfigFile& own);
  absl::Status ApplyOwn(ConfigFile own);
  absl::Status EndOfAccess();

  absl::Status FollowEnrol();  // the configuration in force

  const DeviceFlags flags_;
  const std::string name_;
  const std::string path_;
  const bool has_file_;
  ConfigSource loaded_;  // until Start()
  Parts parts_;
  SupervisedRelay& relay_;
  SupervisedTunnel& tunnel_;
  TunnelNames& names_;
  NamedValues named_;  // by the file as it was loaded or saved last
  UniqueFd signals_;
  UniqueFd hook_watch_;  // epoll: what is served while a hook runs
  DownListener end_listener_;
  std::unique_ptr<AdminSocket> admin_;  // null: not up, or /run cannot be written
  AdminQueue requests_;
  ConfigLoader loader_;
  Instant follow_peers_at_ = Instant::InfiniteFuture();  // those that a Bridge reaches
  absl::Status follow_peers_failure_;                    // of the last time: it is logged once
  bool reload_wanted_ = false;
  std::vector<std::string> warnings_;  // of the reload under way
  crypto::PublicKey public_key_{};     // of the file; zeros: it has no private key
  EnrolService enrol_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_SUPERVISOR_H_
