#ifndef RINGWIRE_PLATFORM_APP_SUPERVISOR_H_
#define RINGWIRE_PLATFORM_APP_SUPERVISOR_H_

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/app/config_source.h"
#include "platform/app/device_options.h"
#include "platform/app/endpoint_resolver.h"
#include "platform/app/named_endpoints.h"
#include "platform/app/relay.h"
#include "platform/app/relay_channel.h"
#include "platform/base/unique_fd.h"
#include "platform/gateway/host.h"
#include "platform/gateway/journal.h"
#include "platform/gateway/plan.h"

namespace ringwire::platform {

// The process of `run` and `up` that keeps its privileges and never sees a byte from the network:
// it reads the configuration, makes the relay process, changes the host around it by plan and
// journal, and undoes all that at the end. When the relay dies it undoes everything but what keeps
// traffic from leaving outside of the tunnel.
//
// Single-threaded but for the loading of a changed file and for the resolver, whose thread gives up
// the rights that the relay gives up. SIGTERM, SIGINT and SIGHUP are blocked by the caller.
class Supervisor {
 public:
  Supervisor(DeviceFlags flags, ConfigSource loaded, Terminal terminal);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Everything up, or everything as before and the reason. False: likewise as before, as a signal
  // that ends the service came first; it stays pending. Waits for names, but not for long.
  absl::StatusOr<bool> Start();
  // Until a signal (OK), or until the device ends. The host is as before when it returns OK.
  absl::Status Run();

 private:
  struct Loading;

  static UniqueFd MakeEvent();
  absl::Status OpenJournal();
  void UndoPredecessor();
  absl::Status MakePlanOfHost();
  absl::Status ForkRelay();
  void ForgetKeys();
  absl::StatusOr<bool> WaitForNames();
  absl::Status Up();
  DeviceSettings SettingsOfDevice();
  absl::Status StartRelay();
  absl::Status StopRelay();
  absl::Status TakeStarted();
  // Ends the relay, by force if need be; true: it ended by itself and without an error.
  bool ReapRelay();

  bool TakeSignal();  // false: to stop
  absl::Status TakeRelayMessage();
  bool TakeUnanswered(const RelayMessage& message);  // false: it is none
  void TakeNames();
  absl::Status RelayIsGone();
  absl::Status Down();

  void StartReload();
  void FinishReload();
  absl::Status ApplyReload(ConfigSource wanted);
  absl::Status ConfigureRelay(const ConfigFile& wanted, uint32_t fwmark);

  const DeviceFlags flags_;
  const Terminal terminal_;
  const std::string name_;
  const std::string path_;
  ConfigSource loaded_;        // what is in force; without keys once the relay has them
  EndpointResolver resolver_;  // its thread starts after the relay process
  NamedEndpoints names_{&resolver_};
  HostFacts facts_;  // as before the first change
  Plan plan_;
  std::optional<Journal> journal_;
  std::optional<Host> host_;
  std::optional<RelayChannel> channel_;
  pid_t relay_ = -1;
  std::string relay_error_;  // its last words
  UniqueFd signals_;
  UniqueFd loaded_event_;
  std::shared_ptr<Loading> loading_;  // shared with the thread that loads
  bool reload_again_ = false;         // asked for while one was under way
};

// Undoes what a service has left behind that is not there any more. OK also when it has left
// nothing. Takes the journal's lock, so AlreadyExists means that the service is there.
absl::Status UndoLeftovers(const std::string& interface);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_SUPERVISOR_H_
