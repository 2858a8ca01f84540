#include <sys/epoll.h>
#include <unistd.h>

#include <utility>

#include "absl/time/clock.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "platform/config/save_file.h"
#include "platform/process/own_program.h"
#include "platform/process/report_error.h"
#include "platform/relay/relay_program.h"
#include "platform/supervisor/relay_settings.h"
#include "platform/supervisor/supervisor.h"
#include "spdlog/spdlog.h"

// Root's requests on the admin socket. Each is answered when it is done.
namespace ringwire::platform {
namespace {

AdminResult ResultOf(const absl::StatusOr<std::vector<std::string>>& warnings) {
  if (!warnings.ok()) return {false, MessageOf(warnings.status())};
  return {true, fmt::format("{}", fmt::join(*warnings, "\n"))};
}

}  // namespace

void Supervisor::OpenAdminSocket() {
  absl::StatusOr<std::unique_ptr<AdminSocket>> socket = AdminSocket::Open(
      parts_.state_folder, name_, [this](const AdminRequest& request, AdminAnswer answer) {
        TakeRequest(request, std::move(answer));
      });
  if (!socket.ok()) {
    spdlog::info("{}: runs without its admin socket: {}", name_, MessageOf(socket.status()));
  } else {
    admin_ = *std::move(socket);
  }
  WatchDuringHooks();
}

void Supervisor::TakeRequest(const AdminRequest& request, AdminAnswer answer) {
  if (request.verb == AdminVerb::kLeases) return enrol_.List(std::move(answer));
  if (request.verb == AdminVerb::kRevoke) {
    return enrol_.Revoke(request.user, request.device, std::move(answer));
  }
  if (request.verb == AdminVerb::kAccess) return TellAccess(answer);
  if (request.verb != AdminVerb::kForget) return requests_.Add(request.verb, std::move(answer));
  const absl::Status status = relay_.Forget(request.peer);
  answer({status.ok(), MessageOf(status)});
}

void Supervisor::TellAccess(const AdminAnswer& answer) const {
  if (parts_.lease == nullptr) return answer({false, "this interface has no [Connect]"});
  answer({true, parts_.lease->Describe(absl::Now())});
}

void Supervisor::AnswerSaves() {
  if (requests_.Has(AdminVerb::kSave)) requests_.AnswerAll(AdminVerb::kSave, ResultOf(Save()));
}

// One descriptor for both: the admin socket and the relay.
void Supervisor::WatchDuringHooks() {
  hook_watch_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  for (const int fd : {admin_ != nullptr ? admin_->fd() : -1, relay_.fd()}) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (fd >= 0) ::epoll_ctl(hook_watch_.get(), EPOLL_CTL_ADD, fd, &event);
  }
  tunnel_.set_while_hook({hook_watch_.get(), [this] {
                            ServeHook();
                            return true;
                          }});
}

// A hook may wait for what is served here: `wg set` until the relay has its sockets, `ringwire
// save` for its answer. The end of the relay waits for the end of the hook.
void Supervisor::ServeHook() {
  if (admin_ != nullptr) admin_->Serve();
  if (!relay_.TakeMessage().ok()) {
    relay_.HangUp();
    ::epoll_ctl(hook_watch_.get(), EPOLL_CTL_DEL, relay_.fd(), nullptr);
  }
  AnswerSaves();
  for (const AdminVerb verb : {AdminVerb::kReload, AdminVerb::kUpgrade}) {
    requests_.AnswerAll(
        verb, {false, fmt::format("a hook is running, nothing was changed; {} again when it has "
                                  "finished",
                                  verb == AdminVerb::kReload ? "reload" : "upgrade")});
  }
}

void Supervisor::ServeRequests() {
  AnswerSaves();
  if (loader_.IsLoading()) return;
  if (requests_.Has(AdminVerb::kUpgrade)) {
    const absl::Status status = Upgrade();
    requests_.AnswerAll(AdminVerb::kUpgrade, {status.ok(), MessageOf(status)});
  }
  if (requests_.TakeReloads()) reload_wanted_ = true;
  if (reload_wanted_) StartReload();
}

// The device is asked for its state: `wg set` and its peers may have changed it, and this process
// has forgotten the keys.
absl::StatusOr<std::vector<std::string>> Supervisor::Save() {
  const std::string tried = "save to " + path_;
  if (parts_.lease != nullptr) {
    return absl::FailedPreconditionError(
        fmt::format("cannot {}: the settings come from the gateway", tried));
  }
  absl::StatusOr<ConfigFile> device = relay_.State();
  if (!device.ok()) {
    const absl::Status failed =
        absl::AbortedError(fmt::format("{}: {}", tried, MessageOf(device.status())));
    spdlog::error("{}", MessageOf(failed));
    return failed;
  }
  // The relay knows neither of these.
  ObservedInterface observed = tunnel_.Observe();
  device->mtu = observed.mtu;
  std::vector<InterfaceAddress> gone;
  if (observed.addresses.has_value()) {
    gone = std::move(observed.addresses->gone);
    device->addresses = std::move(observed.addresses->present);
  }
  absl::StatusOr<SaveResult> saved =
      SaveToFile(path_, named_, *device, tunnel_.in_force().plan.fwmark, gone);
  if (!saved.ok()) {
    spdlog::error("{}", MessageOf(saved.status()));
    return saved.status();
  }
  named_ = std::move(saved->named);
  spdlog::info("the state of {} was saved to {}", name_, path_);
  for (const std::string& warning : saved->warnings) spdlog::warn("{}", warning);
  return std::move(saved->warnings);
}

// The interface, its routes and rules stay as they are. This process goes on with its own program.
absl::Status Supervisor::Upgrade() {
  const ConfigFile& config = tunnel_.in_force().config;
  SupervisedRelay::Successor successor;
  successor.program = InstalledProgram();
  successor.arguments = RelayArguments(
      {name_, config.gateway.network_namespace, ::getpid(), RelayFlags(flags_, config)});
  successor.configuration = [&config](ConfigFile state) {
    return TakeOverText(std::move(state), config);
  };
  successor.endpoints = KnownEndpoints();
  spdlog::info("{}: upgrading to {}", name_, successor.program);
  const absl::Status upgraded = relay_.Upgrade(successor);
  if (upgraded.ok()) return ServeWithNewRelay();
  spdlog::error("{}: cannot upgrade: {}", name_, MessageOf(upgraded));
  return upgraded;
}

bool Supervisor::GoBack() {
  const std::string why = relay_.error();
  absl::Status status = relay_.GoBack();
  if (status.ok()) status = ServeWithNewRelay();
  if (absl::IsFailedPrecondition(status)) return false;
  if (!status.ok()) {
    spdlog::error("{}: cannot go back to the previous program: {}", name_, MessageOf(status));
    return false;
  }
  spdlog::warn("{}: the new program failed{}{}; the tunnel goes on with the previous one", name_,
               why.empty() ? "" : ": ", why);
  return true;
}

absl::Status Supervisor::ServeWithNewRelay() {
  WatchDuringHooks();
  FollowPeers();
  enrol_.GrantAgain();
  return relay_.Serve();
}

// wg-quick's order: PreDown may still change what is saved. Each failure is logged where it
// happens, so the result only counts them.
absl::Status Supervisor::End() {
  relay_.IgnoreEndSignals();  // one more changes nothing
  end_listener_.Accept();
  relay_.Drain();
  enrol_.End();
  tunnel_.set_hook_output(end_listener_.TakeOutput());
  size_t failures = 0;
  const auto report = [this, &failures](const absl::Status& failure) {
    ++failures;
    LogFailure(failure);
    end_listener_.Tell(MessageOf(failure), /*is_failure=*/true);
  };
  absl::Status status;
  if (tunnel_.in_force().config.save_config) {
    status = tunnel_.Undo(UndoScope::kPreDownHooks, report);
    const absl::StatusOr<std::vector<std::string>> warnings = Save();
    const AdminResult result = ResultOf(warnings);
    if (!result.text.empty()) end_listener_.Tell(result.text, !result.ok);
    status.Update(warnings.status());
  }
  // A service manager that restarts the service sends the same signal. With a kill switch no packet
  // may leave in between, so only `down` opens.
  const bool opens =
      !tunnel_.in_force().config.gateway.kill_switch.on || end_listener_.HasWatcher();
  status.Update(tunnel_.Undo(opens ? UndoScope::kEverything : UndoScope::kAllButBlocks, report));
  if (!opens && tunnel_.BlocksTraffic()) {
    spdlog::warn("{}: ended on a signal; its kill switch blocks traffic until `ringwire down {}`",
                 name_, name_);
  }
  EndTunnel();
  if (failures == 0) return status;
  return {status.code(),
          fmt::format("cannot undo all of {}: {} step{} failed; the lines before name {}", name_,
                      failures, failures == 1 ? "" : "s", failures == 1 ? "it" : "each")};
}

}  // namespace ringwire::platform
