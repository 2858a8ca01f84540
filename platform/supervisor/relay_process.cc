#include "platform/supervisor/relay_process.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "core/base/limits.h"
#include "core/base/status_macros.h"
#include "core/config/device_state.h"
#include "core/config/uapi.h"
#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/base/end_signals.h"
#include "platform/base/wait_child.h"
#include "platform/process/report_error.h"
#include "platform/process/service_notify.h"
#include "platform/relay/relay.h"
#include "platform/relay/relay_bodies.h"
#include "platform/supervisor/predecessor_cleanup.h"
#include "spdlog/spdlog.h"

// The replacement of a relay by another program is in relay_upgrade.cc.
namespace ringwire::platform {
namespace {

// A relay proves its ciphers and offloads first, which takes a slow machine seconds.
constexpr absl::Duration kStartPatience = absl::Minutes(2);

absl::Status InvalidMessage() {
  return absl::InternalError("the relay process sent an invalid message");
}

absl::Status NoProcess() { return absl::NotFoundError("the relay process has ended"); }

}  // namespace

RelayProcess::RelayProcess(std::string interface)
    : RelayProcess(std::move(interface), [](DeviceSettings settings, RelayChannel channel) {
        const std::optional<TransportCipher> cipher = settings.transport_cipher;
        return RunRelay(std::move(settings), cipher, std::move(channel));
      }) {}

RelayProcess::RelayProcess(std::string interface, Body body)
    : interface_(std::move(interface)),
      body_(std::move(body)),
      end_signals_(OpenEndSignals()),
      sockets_(interface_) {}

// Nobody else would reap it.
RelayProcess::~RelayProcess() {
  if (IsRunning()) Reap();
}

void RelayProcess::set_on_unanswered(OnUnanswered on_unanswered) {
  on_unanswered_ = std::move(on_unanswered);
}

void RelayProcess::set_on_peers_changed(std::function<void()> on_peers_changed) {
  on_peers_changed_ = std::move(on_peers_changed);
}

void RelayProcess::AllowSockets(uint16_t port, uint32_t mark) {
  sockets_.grants().SetConfigured(port, mark);
}

void RelayProcess::AlsoAllowSockets(uint16_t port, uint32_t mark) {
  sockets_.grants().AlsoAllow(port, mark);
}

// The new process gets its settings, keys included, by fork().
absl::Status RelayProcess::Fork(const std::function<DeviceSettings()>& in_child) {
  auto ends = RelayChannel::Make();
  if (!ends.ok()) return ends.status();
  const pid_t self = ::getpid();
  process_ = ::fork();
  if (process_ < 0) return absl::ErrnoToStatus(errno, "start the relay process");
  if (process_ == 0) {
    ends->first.Close();
    RunChild(in_child, std::move(ends->second), self);
  }
  channel_.emplace(std::move(ends->first));
  return absl::OkStatus();
}

void RelayProcess::RunChild(const std::function<DeviceSettings()>& in_child, RelayChannel channel,
                            pid_t supervisor) {
  process_ = -1;
  DeviceSettings settings = in_child();
  settings.supervisor = supervisor;
  // The child keeps no other descriptor, such as the pipe on which `up` waits for its service.
  const auto kept = static_cast<unsigned>(channel.fd());
  ::close_range(STDERR_FILENO + 1, kept - 1, 0);
  ::close_range(kept + 1, ~0U, 0);
  ::exit(body_(std::move(settings), std::move(channel)));
}

absl::StatusOr<uint32_t> RelayProcess::Start(std::span<const PeerUpdate> endpoints) {
  ASSIGN_OR_RETURN(const RelayMessage started,
                   Ask(RelayVerb::kStart, EndpointsText(endpoints),
                       {.reply = RelayVerb::kStarted, .patience = kStartPatience}));
  const std::optional<uint32_t> index = ParseIndex(started.body);
  if (!index.has_value() || *index == 0) return InvalidMessage();
  return *index;
}

absl::Status RelayProcess::Serve() {
  if (!channel_.has_value()) return NoProcess();
  return channel_->Send(RelayVerb::kServe);
}

void RelayProcess::Drain() {
  if (!channel_.has_value() || !channel_->CanSend()) return;
  channel_->Send(RelayVerb::kDrain).IgnoreError();  // the end of a relay shows elsewhere
}

absl::Status RelayProcess::TakeMessage() {
  if (!channel_.has_value()) return NoProcess();
  ASSIGN_OR_RETURN(std::optional<RelayMessage> received, channel_->TryReceive(replies_.body_max()));
  if (!received.has_value() || replies_.TakeLate(&*received)) return absl::OkStatus();
  const RelayMessage& message = *received;
  if (message.body.size() > kRelayBodyMax) return InvalidMessage();
  if (message.verb == RelayVerb::kFailed) {
    error_ = ReasonOf(message);
    return absl::OkStatus();
  }
  return TakeUnasked(message) ? absl::OkStatus() : InvalidMessage();
}

// A relay that is taken over must not keep the service manager busy.
void RelayProcess::PassOnHeartbeat() {
  const std::optional<absl::Duration> interval = HeartbeatInterval(::getpid());
  const Instant now = BootNow();
  if (!interval.has_value() || now < next_heartbeat_) return;
  next_heartbeat_ = now + *interval / 2;
  NotifyAlive();
}

bool RelayProcess::TakeUnasked(const RelayMessage& message) {
  if (message.verb == RelayVerb::kSocket) return sockets_.Serve(message, process_, &*channel_);
  if (message.verb == RelayVerb::kAlive) {
    PassOnHeartbeat();
    return message.body.empty();
  }
  if (message.verb == RelayVerb::kPeersChanged) {
    if (on_peers_changed_) on_peers_changed_();
    return message.body.empty();
  }
  if (message.verb != RelayVerb::kUnanswered) return false;
  const std::optional<std::vector<crypto::PublicKey>> peers =
      ParseKeys(message.body, kUnansweredKeysMax);
  if (peers.has_value() && on_unanswered_) on_unanswered_(*peers);
  return peers.has_value();
}

absl::StatusOr<RelayMessage> RelayProcess::Ask(RelayVerb verb, std::string_view body,
                                               RelayReplies::Question question) {
  if (!channel_.has_value()) return NoProcess();
  sockets_.grants().Expect();
  RETURN_IF_ERROR(channel_->Send(verb, body, end_signals_.get()));
  return NextReply(question);
}

absl::StatusOr<RelayMessage> RelayProcess::NextReply(RelayReplies::Question question) {
  question.interrupt_fd = end_signals_.get();
  return replies_.Wait(&*channel_, question,
                       [this](const RelayMessage& message) { return TakeUnasked(message); });
}

absl::Status RelayProcess::Configure(std::string_view text) {
  return Ask(RelayVerb::kConfigure, text, {RelayVerb::kDone}).status();
}

absl::Status RelayProcess::SetMark(uint32_t mark) {
  const std::string_view body(reinterpret_cast<const char*>(&mark), sizeof(mark));
  return Ask(RelayVerb::kSetMark, body, {RelayVerb::kDone}).status();
}

absl::Status RelayProcess::Forget(const crypto::PublicKey& peer) {
  return Ask(RelayVerb::kForget, KeysBody({&peer, 1}), {RelayVerb::kDone}).status();
}

absl::StatusOr<ConfigFile> RelayProcess::State() {
  ASSIGN_OR_RETURN(RelayMessage state,
                   Ask(RelayVerb::kGiveState, {},
                       {.reply = RelayVerb::kState, .body_max = kConfigFileBytesMax}));
  absl::StatusOr<ConfigFile> device = ParseDeviceState(state.body);
  crypto::Cleanse(state.body.data(), state.body.size());
  return device;
}

absl::StatusOr<std::vector<crypto::PublicKey>> RelayProcess::Peers() {
  return AskForPeers(RelayVerb::kGivePeers);
}

absl::StatusOr<std::vector<crypto::PublicKey>> RelayProcess::UsedLeases() {
  return AskForPeers(RelayVerb::kGiveUsed);
}

absl::Status RelayProcess::ChangeLeases(std::span<const PeerUpdate> peers) {
  DeviceUpdate update;
  update.peers.assign(peers.begin(), peers.end());
  std::string text = FormatSet(update);
  const absl::Status changed = Ask(RelayVerb::kLeases, text, {RelayVerb::kDone}).status();
  crypto::Cleanse(text.data(), text.size());
  return changed;
}

absl::StatusOr<std::vector<crypto::PublicKey>> RelayProcess::AskForPeers(RelayVerb verb) {
  ASSIGN_OR_RETURN(const RelayMessage reply,
                   Ask(verb, {}, {.reply = RelayVerb::kPeers, .body_max = kPeersBodyMax}));
  std::optional<std::vector<crypto::PublicKey>> keys = ParseKeys(reply.body, kPeersMax);
  if (!keys.has_value()) return InvalidMessage();
  return *std::move(keys);
}

absl::StatusOr<std::vector<PeerHosts>> RelayProcess::Hosts() {
  ASSIGN_OR_RETURN(
      const RelayMessage reply,
      Ask(RelayVerb::kGiveHosts, {}, {.reply = RelayVerb::kHosts, .body_max = kHostsBodyMax}));
  std::optional<std::vector<PeerHosts>> hosts = ParseHosts(reply.body);
  if (!hosts.has_value()) return InvalidMessage();
  return *std::move(hosts);
}

absl::Status RelayProcess::MoveEndpoints(std::span<const PeerUpdate> peers) {
  if (!channel_.has_value()) return NoProcess();
  return channel_->Send(RelayVerb::kEndpoints, EndpointsText(peers), end_signals_.get());
}

void RelayProcess::HangUp() {
  if (channel_.has_value()) ::shutdown(channel_->fd(), SHUT_RDWR);
}

std::optional<int> RelayProcess::EndProcess(pid_t process) const {
  std::optional<int> status = WaitForChild(process, kRelayPatience);
  if (!status.has_value()) {
    ::kill(process, SIGKILL);
    status = WaitForChild(process, kRelayPatience);
  }
  if (!status.has_value()) {
    spdlog::error("{}: the relay process {} does not end", interface_, process);
  }
  return status;
}

bool RelayProcess::Reap() {
  if (!IsRunning()) return false;
  channel_.reset();
  EndProbation();
  const std::optional<int> status = EndProcess(process_);
  process_ = -1;
  if (status.has_value() && WIFSIGNALED(*status) && error_.empty()) {
    error_ = fmt::format("it was ended by signal {}", WTERMSIG(*status));
  }
  RemoveSockets(interface_);  // the relay may remove nothing
  return status.has_value() && WIFEXITED(*status) && WEXITSTATUS(*status) == kExitSuccess;
}

}  // namespace ringwire::platform
