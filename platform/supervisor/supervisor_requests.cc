#include <algorithm>
#include <utility>

#include "core/base/limits.h"
#include "crypto/secret.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "platform/config/save_file.h"
#include "platform/gateway/host/apply.h"
#include "platform/process/report_error.h"
#include "platform/supervisor/saved_addresses.h"
#include "platform/supervisor/supervisor.h"
#include "spdlog/spdlog.h"

// What is asked on the status socket, by way of the relay, and answered when it is done.
namespace ringwire::platform {
namespace {

// More than an honest relay has under way at a time.
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

ServiceResult ResultOf(const absl::StatusOr<std::vector<std::string>>& warnings) {
  if (!warnings.ok()) return {false, MessageOf(warnings.status())};
  return {true, fmt::format("{}", fmt::join(*warnings, "\n"))};
}

}  // namespace

bool Supervisor::TakeRequest(const RelayRequest& request) {
  if (requests_.size() + reloading_.size() >= kRequestsMax) return false;
  requests_.push_back(request);
  return true;
}

void Supervisor::AnswerSaves() {
  if (std::ranges::find(requests_, ServiceRequest::kSave, &RelayRequest::what) != requests_.end()) {
    AnswerAll(ServiceRequest::kSave, ResultOf(Save()));
  }
}

// A hook that asks for something waits for it, and would wait for ever if its end were waited for
// first.
bool Supervisor::ServeHook() {
  const absl::StatusOr<RelayMessage> message = channel_->Receive();
  if (!message.ok()) return false;
  if (message->verb == RelayVerb::kFailed) relay_error_ = ReasonOf(*message);
  if (!TakeUnasked(*message)) return false;
  AnswerSaves();
  AnswerAll(ServiceRequest::kReload,
            {false, "a hook of it is being run (nothing is changed; reload when that has ended)"});
  return true;
}

// One reload serves all who ask for it before it begins: what is read later is what they mean.
void Supervisor::ServeRequests() {
  AnswerSaves();
  if (loading_ != nullptr) return;
  std::erase_if(requests_, [this](const RelayRequest& request) {
    if (request.what != ServiceRequest::kReload) return false;
    reloading_.push_back(request.id);
    reload_wanted_ = true;
    return true;
  });
  if (reload_wanted_) StartReload();
}

void Supervisor::Answer(uint32_t id, const ServiceResult& result) {
  // A relay that is gone is noticed where its messages are taken.
  if (channel_.has_value())
    channel_->Send(RelayVerb::kAnswer, AnswerBody(id, result)).IgnoreError();
}

void Supervisor::AnswerAll(ServiceRequest what, const ServiceResult& result) {
  std::erase_if(requests_, [&](const RelayRequest& request) {
    if (request.what != what) return false;
    Answer(request.id, result);
    return true;
  });
}

// The device is asked for its state, as what it was configured with is not what `wg set` and its
// peers have made of it, and this process has forgotten the keys.
absl::StatusOr<std::vector<std::string>> Supervisor::Save() {
  const std::string tried = "save to " + path_;
  absl::Status status = channel_->Send(RelayVerb::kGiveState);
  if (!status.ok()) return status;
  absl::StatusOr<RelayMessage> state = TakeReply(RelayVerb::kState, kConfigFileBytesMax);
  if (!state.ok()) {
    return absl::AbortedError(fmt::format("{}: {}", tried, MessageOf(state.status())));
  }
  ConfigParse device = ParseConfigFile(state->body);
  crypto::Cleanse(state->body.data(), state->body.size());
  if (!device.ok()) {
    return absl::InternalError(
        fmt::format("{}: the device's state: {}", tried, device.errors.front().message));
  }
  // Of these the relay knows nothing.
  const absl::StatusOr<LinkState> link = host_->Link();
  device.config.mtu.reset();
  if (link.ok()) device.config.mtu = static_cast<uint16_t>(std::min(link->mtu, 65535U));
  const auto addresses = host_->Addresses();
  std::vector<InterfaceAddress> gone;
  if (addresses.ok()) {
    AddressesToSave to_save =
        CompareAddresses(AddressesOf(plan_), *addresses, link.ok() && link->up);
    gone = std::move(to_save.gone);
    device.config.addresses = std::move(to_save.present);
  }
  absl::StatusOr<SaveResult> saved = SaveToFile(path_, named_, device.config, plan_.fwmark, gone);
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
    const ServiceResult result = ResultOf(warnings);
    if (!result.text.empty()) end_listener_.Tell(result.text, !result.ok);
    status.Update(warnings.status());
  }
  status.Update(Undo(&*host_, &*journal_, [](const Journal::Entry&) { return true; }, report));
  EndJournal();
  return status;
}

}  // namespace ringwire::platform
