#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include <csignal>
#include <utility>

#include "core/base/status_macros.h"
#include "core/config/device_state.h"
#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/process/report_error.h"
#include "platform/relay/socket_bodies.h"
#include "platform/supervisor/predecessor_cleanup.h"
#include "platform/supervisor/relay_process.h"
#include "platform/supervisor/relay_successor.h"
#include "spdlog/spdlog.h"

// How a relay is replaced by a process of another program. The successor opens everything that it
// can while the relay serves. Then the relay stops, and the kernel keeps what arrives meanwhile in
// the queues of the interface and the sockets.
namespace ringwire::platform {
namespace {

absl::Status Invalid() { return absl::InternalError("the relay process sent an invalid message"); }

}  // namespace

RelayProcess::Fallback::~Fallback() { crypto::Cleanse(configuration.data(), configuration.size()); }

Instant RelayProcess::probation_end() const {
  return fallback_ != nullptr ? fallback_->until : Instant::InfiniteFuture();
}

absl::Status RelayProcess::Upgrade(const Successor& successor) {
  EndProbation();
  absl::StatusOr<DeviceParts> parts = AskForParts();
  absl::StatusOr<RelaySuccessor> next =
      parts.ok() ? PrepareSuccessor(successor, parts->View()) : parts.status();
  if (!next.ok()) {
    return {next.status().code(),
            fmt::format("{}; the tunnel runs on as it was", MessageOf(next.status()))};
  }
  const Instant begin = BootNow();
  ASSIGN_OR_RETURN(Stopped stopped, StopDevice(parts->queues.size()));
  // The relay has nothing more to do: it is reaped when its successor serves.
  const pid_t relay = process_;
  fallback_ = std::make_unique<Fallback>();
  fallback_->parts = *std::move(parts);
  fallback_->sockets = std::move(stopped.sockets);
  fallback_->arguments = successor.arguments;
  fallback_->endpoints = successor.endpoints;
  fallback_->configuration = successor.configuration(std::move(stopped.state));
  Adopt(&*next);
  const absl::Status status = GiveDevice(*fallback_);
  const absl::Duration gap = BootNow() - begin;
  EndProcess(relay);
  if (status.ok()) {
    fallback_->until = BootNow() + kProbation;
    spdlog::info("{}: the new program has taken over after {} ms without traffic", interface_,
                 absl::ToInt64Milliseconds(gap));
    return status;
  }
  if (error_.empty()) error_ = MessageOf(status);
  HangUp();  // as if it had failed later
  return {status.code(),
          fmt::format("{}; the tunnel goes back to the previous program", MessageOf(status))};
}

absl::Status RelayProcess::GoBack() {
  const std::unique_ptr<Fallback> device = std::move(fallback_);
  ifreq request{};
  const bool has_interface = device != nullptr && IsRunning() && BootNow() < device->until &&
                             ::ioctl(device->parts.queues.front().get(), TUNGETIFF, &request) == 0;
  if (!has_interface) return absl::FailedPreconditionError("there is nothing to go back to");
  HangUp();
  ::kill(process_, SIGKILL);
  EndProcess(process_);
  process_ = -1;
  channel_.reset();
  const absl::Status status = ReturnTo(*device);
  if (!status.ok() && error_.empty()) error_ = MessageOf(status);
  if (!status.ok() && !IsRunning()) RemoveSockets(interface_);
  return status;
}

absl::Status RelayProcess::ReturnTo(const Fallback& device) {
  ASSIGN_OR_RETURN(RelaySuccessor next, RelaySuccessor::StartOwn(device.arguments));
  RETURN_IF_ERROR(
      next.Prepare(device.parts.View(), -1, [] { return absl::OkStatus(); }, end_signals_.get()));
  Adopt(&next);
  return GiveDevice(device);
}

absl::StatusOr<RelaySuccessor> RelayProcess::PrepareSuccessor(const Successor& successor,
                                                              const DevicePartsView& parts) {
  ASSIGN_OR_RETURN(RelaySuccessor next,
                   RelaySuccessor::Start(successor.program, successor.arguments));
  RETURN_IF_ERROR(
      next.Prepare(parts, channel_->fd(), [this] { return TakeMessage(); }, end_signals_.get()));
  return next;
}

void RelayProcess::Adopt(RelaySuccessor* successor) {
  auto [process, channel] = successor->Release();
  process_ = process;
  channel_.emplace(std::move(channel));
  replies_ = RelayReplies();
  error_.clear();
}

absl::Status RelayProcess::GiveDevice(const Fallback& device) {
  for (const SocketsMessage& message : SocketsMessages(ViewOf(device.sockets), /*id=*/0)) {
    RETURN_IF_ERROR(channel_->SendWith(message.descriptors, RelayVerb::kSockets, message.body));
  }
  RETURN_IF_ERROR(channel_->Send(RelayVerb::kConfigure, device.configuration));
  return Start(device.endpoints).status();
}

absl::StatusOr<DeviceParts> RelayProcess::AskForParts() {
  DeviceParts parts;
  absl::StatusOr<RelayMessage> message =
      Ask(RelayVerb::kGiveParts, {}, {.reply = RelayVerb::kParts});
  while (true) {
    if (!message.ok()) return message.status();
    if (!TakeParts(message->body, std::move(message->descriptors), &parts)) return Invalid();
    if (parts.IsComplete()) return parts;
    message = NextReply({.reply = RelayVerb::kParts});
  }
}

absl::StatusOr<RelayProcess::Stopped> RelayProcess::StopDevice(size_t workers) {
  Stopped stopped;
  absl::StatusOr<RelayMessage> message =
      Ask(RelayVerb::kHandOver, {}, {.reply = RelayVerb::kSockets});
  while (true) {
    if (!message.ok()) return message.status();
    const std::optional<SocketReply> reply = ParseSocketReply(message->body);
    if (!reply.has_value() || reply->workers == 0 ||
        stopped.sockets.workers.size() + reply->workers > workers ||
        !TakePairs(*reply, std::move(message->descriptors), &stopped.sockets)) {
      return Invalid();
    }
    if (stopped.sockets.workers.size() == workers) break;
    message = NextReply({.reply = RelayVerb::kSockets});
  }
  ASSIGN_OR_RETURN(RelayMessage state,
                   NextReply({.reply = RelayVerb::kState, .body_max = kConfigFileBytesMax}));
  absl::StatusOr<ConfigFile> device = ParseDeviceState(state.body);
  crypto::Cleanse(state.body.data(), state.body.size());
  if (!device.ok()) return device.status();
  stopped.state = *std::move(device);
  return stopped;
}

}  // namespace ringwire::platform
