#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "core/base/limits.h"
#include "core/config/device_state.h"
#include "crypto/secret.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "platform/config/save_file.h"
#include "platform/gateway/host/apply.h"
#include "platform/process/report_error.h"
#include "platform/relay/relay_bodies.h"
#include "platform/supervisor/saved_addresses.h"
#include "platform/supervisor/supervisor.h"
#include "spdlog/spdlog.h"

// What root asks on the admin socket, answered when it is done.
namespace ringwire::platform {
namespace {

// More than the admin socket has connections; those of clients that are gone count as well.
constexpr size_t kRequestsMax = 128;

bool IsPreDown(const Journal::Entry& entry) {
  const RunHook* const hook = std::get_if<RunHook>(&entry.undo);
  return hook != nullptr && hook->key == "PreDown";
}

std::vector<InterfaceAddress> AddressesOf(const Plan& plan) {
  std::vector<InterfaceAddress> addresses;
  for (const Step& step : plan.steps) {
    const auto* const add =
        step.apply.has_value() ? std::get_if<AddAddress>(&*step.apply) : nullptr;
    if (add != nullptr) addresses.push_back(add->address);
  }
  return addresses;
}

AdminResult ResultOf(const absl::StatusOr<std::vector<std::string>>& warnings) {
  if (!warnings.ok()) return {false, MessageOf(warnings.status())};
  return {true, fmt::format("{}", fmt::join(*warnings, "\n"))};
}

}  // namespace

void Supervisor::OpenAdminSocket() {
  absl::StatusOr<std::unique_ptr<AdminSocket>> socket =
      AdminSocket::Open(name_, [this](const AdminRequest& request, AdminAnswer answer) {
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
  if (request.verb == AdminVerb::kForget) {
    answer(Forget(request.peer));
  } else if (requests_.size() + reloading_.size() >= kRequestsMax) {
    answer({false, "the service is busy with what it was asked before (try again)"});
  } else {
    requests_.push_back({request.verb, std::move(answer)});
  }
}

AdminResult Supervisor::Forget(const crypto::PublicKey& peer) {
  const absl::Status status =
      AskRelay(RelayVerb::kForget, KeysBody({&peer, 1}), {RelayVerb::kDone}).status();
  return {status.ok(), MessageOf(status)};
}

void Supervisor::AnswerSaves() {
  if (std::ranges::find(requests_, AdminVerb::kSave, &Request::verb) == requests_.end()) return;
  AnswerAll(AdminVerb::kSave, ResultOf(Save()));
}

// One descriptor for both: the admin socket and the relay.
void Supervisor::WatchDuringHooks() {
  hook_watch_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  for (const int fd : {admin_ != nullptr ? admin_->fd() : -1, channel_->fd()}) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (fd >= 0) ::epoll_ctl(hook_watch_.get(), EPOLL_CTL_ADD, fd, &event);
  }
  host_->set_while_hook({hook_watch_.get(), [this] {
                           ServeHook();
                           return true;
                         }});
}

// A hook that calls `wg set` waits until the relay has its sockets. What ends the relay waits for
// the end of the hook.
void Supervisor::ServeRelayDuringHook() {
  const absl::StatusOr<std::optional<RelayMessage>> message = channel_->TryReceive();
  if (message.ok() && (!message->has_value() || TakeMessage(**message))) return;
  ::shutdown(channel_->fd(), SHUT_RDWR);
  ::epoll_ctl(hook_watch_.get(), EPOLL_CTL_DEL, channel_->fd(), nullptr);
}

// A hook that calls `ringwire save` waits for the answer, so it must come while the hook runs.
void Supervisor::ServeHook() {
  if (admin_ != nullptr) admin_->Serve();
  ServeRelayDuringHook();
  AnswerSaves();
  AnswerAll(AdminVerb::kReload,
            {false, "a hook is running, nothing was changed; reload again when it has finished"});
}

// One reload serves all who ask for it before it begins: what is read later is what they mean.
void Supervisor::ServeRequests() {
  AnswerSaves();
  if (loading_ != nullptr) return;
  std::erase_if(requests_, [this](Request& request) {
    if (request.verb != AdminVerb::kReload) return false;
    reloading_.push_back(std::move(request.answer));
    reload_wanted_ = true;
    return true;
  });
  if (reload_wanted_) StartReload();
}

void Supervisor::AnswerAll(AdminVerb verb, const AdminResult& result) {
  std::erase_if(requests_, [&](const Request& request) {
    if (request.verb != verb) return false;
    request.answer(result);
    return true;
  });
}

void Supervisor::AnswerReloads(const AdminResult& result) {
  for (const AdminAnswer& answer : std::exchange(reloading_, {})) answer(result);
}

// The device is asked for its state, as what it was configured with is not what `wg set` and its
// peers have made of it, and this process has forgotten the keys.
absl::StatusOr<std::vector<std::string>> Supervisor::Save() {
  const std::string tried = "save to " + path_;
  absl::StatusOr<RelayMessage> state = AskRelay(
      RelayVerb::kGiveState, {}, {.reply = RelayVerb::kState, .body_max = kConfigFileBytesMax});
  if (!state.ok()) {
    return absl::AbortedError(fmt::format("{}: {}", tried, MessageOf(state.status())));
  }
  absl::StatusOr<ConfigFile> device = ParseDeviceState(state->body);
  crypto::Cleanse(state->body.data(), state->body.size());
  if (!device.ok()) {
    return absl::InternalError(fmt::format("{}: {}", tried, MessageOf(device.status())));
  }
  // Of these the relay knows nothing.
  const absl::StatusOr<LinkState> link = host_->Link();
  device->mtu.reset();
  if (link.ok()) device->mtu = static_cast<uint16_t>(std::min(link->mtu, 65535U));
  const auto addresses = host_->Addresses();
  std::vector<InterfaceAddress> gone;
  if (addresses.ok()) {
    AddressesToSave to_save =
        CompareAddresses(AddressesOf(plan_), *addresses, link.ok() && link->up);
    gone = std::move(to_save.gone);
    device->addresses = std::move(to_save.present);
  }
  absl::StatusOr<SaveResult> saved = SaveToFile(path_, named_, *device, plan_.fwmark, gone);
  if (!saved.ok()) {
    spdlog::error("{}", MessageOf(saved.status()));
    return saved.status();
  }
  named_ = std::move(saved->named);
  spdlog::info("the state of {} was saved to {}", name_, path_);
  for (const std::string& warning : saved->warnings) spdlog::warn("{}", warning);
  return std::move(saved->warnings);
}

// wg-quick's order: PreDown may still change what is saved.
absl::Status Supervisor::End() {
  end_signals_.Reset();  // one more changes nothing
  end_listener_.Accept();
  host_->set_hook_output(end_listener_.TakeOutput());
  const auto report = [this](const absl::Status& failure) {
    LogFailure(failure);
    end_listener_.Tell(MessageOf(failure), /*is_failure=*/true);
  };
  absl::Status status;
  if (loaded_.config.save_config) {
    status = Undo(&*host_, &*journal_, IsPreDown, report);
    const absl::StatusOr<std::vector<std::string>> warnings = Save();
    const AdminResult result = ResultOf(warnings);
    if (!result.text.empty()) end_listener_.Tell(result.text, !result.ok);
    status.Update(warnings.status());
  }
  status.Update(Undo(&*host_, &*journal_, [](const Journal::Entry&) { return true; }, report));
  EndJournal();
  return status;
}

}  // namespace ringwire::platform
