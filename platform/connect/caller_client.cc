#include "platform/connect/caller_client.h"

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <utility>
#include <vector>

#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/base/message_of.h"
#include "platform/base/wait_child.h"
#include "platform/enrol/sealed_memory.h"
#include "platform/process/own_program.h"

namespace ringwire::platform {
namespace {

constexpr absl::Duration kEndPatience = absl::Seconds(5);
// The caller answers at its own deadline; this one is for a caller that does not.
constexpr absl::Duration kSlack = absl::Seconds(5);

struct Prepare {
  uint32_t id;
  void operator()(enrol::NewCallerSettings&) const {}
  void operator()(auto& call) const {
    call.id = id;
    call.patience_s = static_cast<uint16_t>(absl::ToInt64Seconds(CallerClient::kPatience));
  }
};

struct IdOf {
  uint32_t operator()(const auto& message) const { return message.id; }
};

}  // namespace

CallerClient::CallerClient(enrol::CallerSettings settings, Start start)
    : settings_(std::move(settings)), start_(start) {}

absl::StatusOr<pid_t> CallerClient::StartCallerProgram(UniqueFd its_end) {
  return StartOwnProgram({kCallerProgram, fmt::format("{}", ::getpid())}, its_end.get());
}

absl::Status CallerClient::Begin() {
  if (channel_.open()) return absl::OkStatus();
  ASSIGN_OR_RETURN(auto ends, MakeMessageSockets());
  ASSIGN_OR_RETURN(process_, start_(std::move(ends.second)));
  channel_ = SupervisorEndToCaller(std::move(ends.first));
  const enrol::SecretBytes bytes = enrol::EncodeFile(settings_);
  if (bytes.empty()) return absl::InvalidArgumentError("the list of CAs is too long");
  ASSIGN_OR_RETURN(const UniqueFd memory, MakeSealedMemory(bytes.view()));
  const int descriptor = memory.get();
  return channel_.Send(enrol::NewCallerSettings{}, {&descriptor, 1});
}

void CallerClient::End() {
  channel_.Close();
  deadline_ = Instant::InfiniteFuture();
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  WaitForChild(process_, kEndPatience);
  process_ = -1;
}

absl::Status CallerClient::Make(enrol::SupervisorToCaller call, const UniqueFd& socket) {
  absl::Status status = Begin();
  if (status.ok()) {
    std::visit(Prepare{++id_}, call);
    const int descriptor = socket.get();
    status = channel_.Send(call, {&descriptor, 1});
  }
  if (!status.ok()) {
    End();
    return absl::UnavailableError(
        fmt::format("cannot start the process that speaks TLS: {}", MessageOf(status)));
  }
  deadline_ = BootNow() + kPatience + kSlack;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<CallerClient::Result>> CallerClient::Receive() {
  ASSIGN_OR_RETURN(auto packet, channel_.TryReceive());
  if (!packet.has_value()) return std::nullopt;
  if (!IsCalling() || std::visit(IdOf{}, packet->message) != id_) {
    return absl::InvalidArgumentError("it answers a call that was not made");
  }
  if (auto* const failed = std::get_if<enrol::CallFailed>(&packet->message)) {
    return Result(std::move(*failed));
  }
  Granted granted{std::get<enrol::CallDone>(std::move(packet->message)), std::nullopt};
  if (packet->descriptors.empty()) return Result(std::move(granted));
  ASSIGN_OR_RETURN(const enrol::SecretBytes bytes,
                   ReadSealedMemory(packet->descriptors.front().get()));
  granted.pushed = enrol::DecodeFile<enrol::PushedConfig>(bytes.view());
  if (!granted.pushed.has_value()) return absl::InvalidArgumentError("its settings are malformed");
  return Result(std::move(granted));
}

std::optional<CallerClient::Result> CallerClient::Take() {
  if (!channel_.open()) return std::nullopt;
  absl::StatusOr<std::optional<Result>> received = Receive();
  const bool was_calling = IsCalling();
  if (received.ok() && received->has_value()) {
    deadline_ = Instant::InfiniteFuture();
    return *std::move(received);
  }
  if (received.ok() && BootNow() < deadline_) return std::nullopt;
  End();
  if (!was_calling) return std::nullopt;
  enrol::CallFailed failed;
  failed.id = id_;
  failed.text = "the process that speaks TLS has ended; try again";
  return Result(std::move(failed));
}

CallerClient::Result CallerClient::Wait() {
  while (true) {
    if (std::optional<Result> result = Take()) return *std::move(result);
    pollfd wait{channel_.fd(), POLLIN, 0};
    const absl::Duration left = deadline_ - BootNow();
    ::poll(&wait, 1, static_cast<int>(absl::ToInt64Milliseconds(left) + 1));
  }
}

}  // namespace ringwire::platform
