#ifndef RINGWIRE_PLATFORM_SUPERVISOR_SUPERVISOR_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_SUPERVISOR_H_

#include <sys/types.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/config/named_values.h"
#include "crypto/secret.h"
#include "platform/base/unique_fd.h"
#include "platform/config/config_source.h"
#include "platform/gateway/host/action_executor.h"
#include "platform/gateway/host/journal.h"
#include "platform/gateway/host/journal_monitor.h"
#include "platform/gateway/plan/plan.h"
#include "platform/names/endpoint_names.h"
#include "platform/names/endpoint_resolver.h"
#include "platform/names/name_cache.h"
#include "platform/netlink/route_monitor.h"
#include "platform/relay/device_options.h"
#include "platform/relay/relay.h"
#include "platform/relay/relay_bodies.h"
#include "platform/relay/relay_channel.h"
#include "platform/relay/relay_replies.h"
#include "platform/relay/socket_bodies.h"
#include "platform/supervisor/admin_socket.h"
#include "platform/supervisor/down_notice.h"
#include "platform/supervisor/socket_grants.h"

namespace ringwire::platform {

// The process of `run` and `up` that keeps its privileges and parses nothing from the network. It
// reads the configuration, starts the relay process, changes the host by plan and journal, and
// undoes everything at the end. If the relay dies, it undoes everything except the steps that block
// traffic outside the tunnel.
//
// Single-threaded, except for loading a changed file and for the resolver's thread, which waits for
// the process that looks names up. SIGTERM, SIGINT and SIGHUP are blocked by the caller.
class Supervisor {
 public:
  Supervisor(DeviceFlags flags, ConfigSource loaded);
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
  struct Loading;
  struct Request {
    AdminVerb verb;
    AdminAnswer answer;
  };

  static UniqueFd OpenSignals(std::initializer_list<int> signals);
  absl::Status OpenJournal();
  absl::Status UndoPredecessor();
  absl::Status MakePlanOfHost();
  absl::Status Reserve(const Plan& plan);
  absl::Status OpenMonitor(const ConfigFile& config);
  absl::Status ForkRelay();
  void ForgetKeys();
  absl::StatusOr<bool> WaitForNames();
  void WarnOfUnknownNames();
  void PlanMtu();
  absl::Status Up();
  std::vector<std::string> WarningsOfFirewalls();
  DeviceSettings SettingsOfDevice();
  absl::Status StartRelay();
  absl::Status StopRelay();
  absl::Status TakeStarted(const RelayMessage& started);
  // Ends the relay, by force if necessary; true: it ended by itself without an error.
  bool ReapRelay();

  bool TakeSignal();  // false: to stop
  absl::Status TakeRelayMessage();
  // Takes a message that no wait expects; false: it is invalid.
  bool TakeMessage(const RelayMessage& message);
  // Takes a message that a relay may send at any time; false: it is invalid.
  bool TakeUnasked(const RelayMessage& message);
  // Sends the relay a request and waits for the reply. Signals end the wait unless the service is
  // ending already.
  absl::StatusOr<RelayMessage> AskRelay(RelayVerb verb, std::string_view body,
                                        RelayReplies::Question question);
  bool ServeSockets(const RelayMessage& message);  // false: it is invalid
  absl::Status GiveSockets(const SocketRequest& request);
  void TakeNames();
  absl::Status RelayIsGone();
  void SetNameRules(bool switch_in_force);
  void SaveNames();
  void EndJournal();

  void NoticeChanges();
  int MillisecondsToAct() const;  // -1: nothing is to be done at a time
  void LookAtNetworks();          // when it is time
  void WarnOfDeadSwitches();
  absl::Status FollowNetworks();
  void OpenAdminSocket();
  void TakeRequest(const AdminRequest& request, AdminAnswer answer);
  void ServeRequests();
  void WatchDuringHooks();
  void ServeRelayDuringHook();
  void ServeHook();  // while one runs
  void AnswerSaves();
  void AnswerAll(AdminVerb verb, const AdminResult& result);
  void AnswerReloads(const AdminResult& result);
  AdminResult Forget(const crypto::PublicKey& peer);
  absl::StatusOr<std::vector<std::string>> Save();
  // Ends on request: with wg-quick's steps before the interface goes.
  absl::Status End();

  void StartReload();
  int LoadedFd() const;  // readable when the file is loaded; -1: none is being loaded
  void FinishReload();
  void GiveUpReload();  // when it is time
  void ReportReload(const absl::Status& status);
  absl::Status ApplyReload(ConfigSource wanted);
  absl::StatusOr<Plan> PlanReload(const ConfigFile& wanted, HostFacts* facts);
  absl::Status Change(const ConfigFile& wanted, const Plan& plan);
  absl::Status ConfigureRelay(const ConfigFile& wanted, uint32_t fwmark);
  absl::Status SetMark(uint32_t mark);
  absl::StatusOr<std::vector<crypto::PublicKey>> PeersOfDevice();

  const DeviceFlags flags_;
  const std::string name_;
  const std::string path_;
  ConfigSource loaded_;  // what is in force; without keys once the relay has them
  NamedValues named_;    // by the file as it was loaded or saved last
  const std::shared_ptr<NameSource> name_source_ = std::make_shared<NameSource>(
      [resolver = std::make_shared<ResolverClient>()](const NameQuestion& question) {
        return resolver->LookUp(question);
      });
  EndpointResolver resolver_{
      // its thread starts after the relay process
      [source = name_source_](const std::string& host) { return source->LookUp(host); }};
  NamedEndpoints names_{&resolver_};
  std::string name_servers_;  // as before the tunnel's own
  KnownNames saved_names_;
  HostFacts facts_;  // as before the first change
  LocalNetworks networks_at_start_;
  std::optional<RouteMonitor> monitor_;     // none: no rules for local networks
  std::optional<JournalMonitor> journals_;  // none: no kill switch
  std::optional<Instant> look_at_;          // at local networks, as routes or journals have changed
  Instant earliest_look_;
  Plan plan_;
  std::optional<Journal> journal_;
  std::optional<Host> host_;
  std::optional<RelayChannel> channel_;
  RelayReplies replies_;
  SocketGrants socket_grants_;
  UniqueFd hook_watch_;  // epoll: what is served while a hook runs
  pid_t relay_ = -1;
  std::string relay_error_;  // its last error
  EndListener end_listener_;
  std::unique_ptr<AdminSocket> admin_;  // null: not up, or /run cannot be written
  UniqueFd end_signals_;  // readable while one is pending; invalid: they are not to be heard
  UniqueFd signals_;
  std::shared_ptr<Loading> loading_;  // shared with the thread that loads
  bool reload_wanted_ = false;
  std::vector<std::string> warnings_;   // of the reload under way
  std::vector<AdminAnswer> reloading_;  // of those whom the reload under way answers
  std::vector<Request> requests_;       // those that nothing was done about yet
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_SUPERVISOR_H_
