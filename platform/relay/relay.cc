#include "platform/relay/relay.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "core/base/status_macros.h"
#include "core/config/config_save.h"
#include "core/config/uapi.h"
#include "core/device/update_diff.h"
#include "fmt/format.h"
#include "platform/base/event_fd.h"
#include "platform/process/report_error.h"
#include "platform/process/service_notify.h"
#include "platform/relay/device_parts.h"
#include "platform/relay/peers_changed_notice.h"
#include "platform/relay/relay_bodies.h"
#include "platform/relay/relay_sockets.h"
#include "platform/relay/socket_bodies.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

// The endpoint of each peer in the configuration in force.
using Endpoints = absl::flat_hash_map<crypto::PublicKey, SocketAddress>;

constexpr char kTooManyPeers[] = "the device has more peers than a file may have";

Endpoints EndpointsOf(const DeviceUpdate& update) {
  Endpoints endpoints;
  for (const PeerUpdate& peer : update.peers) {
    // If a peer has several blocks, the last one with an endpoint counts.
    if (peer.endpoint.has_value()) endpoints[peer.public_key] = *peer.endpoint;
  }
  return endpoints;
}

class Relay {
 public:
  Relay(std::optional<TransportCipher> cipher, RelayChannel channel)
      : cipher_(cipher),
        channel_(std::move(channel)),
        peers_changed_(&channel_, [this](std::function<void()> call) {
          device_->loop().CallWhenWritable(channel_.fd(), std::move(call));
        }) {}
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // `endpoints`: the body of kStart.
  absl::Status Start(DeviceSettings settings, std::string_view endpoints);
  // `settings` has the parts of the device that another relay serves.
  absl::Status Succeed(DeviceSettings settings);
  absl::Status Run();
  RelayChannel& channel() { return channel_; }

 private:
  absl::Status Begin(DeviceSettings settings);
  absl::StatusOr<StoppedDevice> TakeOver();
  absl::Status TakeEndpoints(std::string_view endpoints, DeviceUpdate* update);
  bool TakeMessage();
  bool TakeDeferred();
  bool Handle(RelayMessage message);
  // The text of ToDeviceText.
  absl::StatusOr<DeviceUpdate> ParseConfiguration(std::string_view text) const;
  absl::Status Configure(std::string_view text);
  absl::Status Forget(std::string_view body);
  absl::Status GiveParts();
  absl::Status StartToHandOver();
  absl::Status HandOver();
  std::string StateText();  // with the keys; the caller zeroes it
  absl::Status GiveState();
  absl::Status GivePeers();
  absl::Status GiveHosts();
  absl::Status ChangeLeases(std::string_view text);
  absl::Status GiveUsed();
  // The state without leases, which are nobody's configuration.
  DeviceStatus ConfiguredStatus() const;
  absl::Status SetMark(std::string_view body);
  absl::Status MovePeers(std::string_view endpoints);
  void ReportUnanswered(std::span<const crypto::PublicKey> peers);
  // The device knows the endpoint of a peer that has moved better than the configuration.
  void LeaveOutKnownEndpoints(const Endpoints& wanted, const DeviceStatus& device,
                              DeviceUpdate* update) const;

  const std::optional<TransportCipher> cipher_;
  RelayChannel channel_;
  std::unique_ptr<DeviceRunner> device_;
  Endpoints endpoints_;
  PeersChangedNotice peers_changed_;
  absl::flat_hash_set<crypto::PublicKey> leased_;  // peers by a lease, not by the configuration
  bool is_handing_over_ = false;                   // the device stops, and a successor gets it
  std::deque<RelayMessage> deferred_;              // that came while sockets were waited for
  const EventFd deferred_event_;
};

absl::Status Relay::Start(DeviceSettings settings, std::string_view endpoints) {
  RETURN_IF_ERROR(TakeEndpoints(endpoints, &*settings.update));
  return Begin(std::move(settings));
}

absl::Status Relay::Succeed(DeviceSettings settings) {
  settings.take_over = [this] { return TakeOver(); };
  return Begin(std::move(settings));
}

// The endpoints of the configuration in force. A peer that has one in `update` keeps it.
absl::Status Relay::TakeEndpoints(std::string_view endpoints, DeviceUpdate* update) {
  ASSIGN_OR_RETURN(const std::vector<PeerUpdate> known, ParseEndpoints(endpoints));
  for (const PeerUpdate& peer : known) endpoints_[peer.public_key] = *peer.endpoint;
  for (PeerUpdate& peer : update->peers) {
    const auto endpoint = endpoints_.find(peer.public_key);
    if (endpoint != endpoints_.end() && !peer.endpoint) peer.endpoint = endpoint->second;
  }
  return absl::OkStatus();
}

// The order of messages: kSockets, as many as the sockets need, kConfigure, kStart.
absl::StatusOr<StoppedDevice> Relay::TakeOver() {
  RETURN_IF_ERROR(channel_.Send(RelayVerb::kPrepared));
  StoppedDevice stopped;
  bool is_configured = false;
  while (true) {
    ASSIGN_OR_RETURN(RelayMessage message, channel_.Receive());
    if (message.verb == RelayVerb::kSockets) {
      const std::optional<SocketReply> reply = ParseSocketReply(message.body);
      if (!reply.has_value() ||
          !TakePairs(*reply, std::move(message.descriptors), &stopped.sockets)) {
        return absl::InternalError("take over sockets: an invalid message");
      }
    } else if (message.verb == RelayVerb::kConfigure) {
      ASSIGN_OR_RETURN(stopped.update, ParseConfiguration(message.body));
      crypto::Cleanse(message.body.data(), message.body.size());
      is_configured = true;
    } else if (message.verb == RelayVerb::kStart && is_configured) {
      RETURN_IF_ERROR(TakeEndpoints(message.body, &stopped.update));
      return stopped;
    } else {
      return absl::InternalError("take over a device: an invalid message");
    }
  }
}

absl::Status Relay::Begin(DeviceSettings settings) {
  settings.socket_source = std::make_unique<RelaySockets>(&channel_, [this](RelayMessage message) {
    deferred_.push_back(std::move(message));
    deferred_event_.Raise();
  });
  const std::optional<absl::Duration> heartbeat = HeartbeatInterval(settings.supervisor);
  ASSIGN_OR_RETURN(std::unique_ptr<DeviceRunner> device, DeviceRunner::Start(std::move(settings)));
  device_ = std::move(device);
  ControlLoop& loop = device_->loop();
  loop.set_on_unanswered(
      [this](std::span<const crypto::PublicKey> peers) { ReportUnanswered(peers); });
  if (heartbeat.has_value()) {
    loop.FeedWatchdog(*heartbeat, [this] {
      if (channel_.CanSend()) channel_.Send(RelayVerb::kAlive).IgnoreError();  // else the next one
    });
  }
  absl::Status status = loop.WatchSupervisor(channel_.fd(), [this] { return TakeMessage(); });
  status.Update(loop.WatchSupervisor(deferred_event_.get(), [this] { return TakeDeferred(); }));
  if (!status.ok()) return status;
  return channel_.Send(RelayVerb::kStarted, IndexBody(device_->interface_index()));
}

// Sockets and state are handed over when the device has stopped: the state is the last one then.
absl::Status Relay::Run() {
  RETURN_IF_ERROR(device_->Run());
  return is_handing_over_ ? HandOver() : absl::OkStatus();
}

// False: the supervisor is gone or sends no more messages.
bool Relay::TakeMessage() {
  if (!TakeDeferred()) return false;  // these came before
  absl::StatusOr<RelayMessage> message = channel_.Receive();
  return message.ok() && Handle(*std::move(message));
}

bool Relay::TakeDeferred() {
  deferred_event_.Clear();
  while (!deferred_.empty()) {
    RelayMessage message = std::move(deferred_.front());
    deferred_.pop_front();
    if (!Handle(std::move(message))) return false;
  }
  return true;
}

bool Relay::Handle(RelayMessage message) {
  if (RelaySockets::IsReply(message.verb)) return true;  // too late
  if (message.verb == RelayVerb::kDrain) {
    device_->loop().device().set_stage(ServiceStage::kDraining);
    return true;
  }
  if (message.verb == RelayVerb::kServe) {
    device_->loop().device().set_stage(ServiceStage::kReady);
    spdlog::info("{}", device_->ReadyLine());
    return true;
  }
  if (message.verb == RelayVerb::kEndpoints) {
    const absl::Status moved = MovePeers(message.body);
    if (!moved.ok()) spdlog::warn("set endpoints: {}", MessageOf(moved));
    return true;
  }
  if (message.verb == RelayVerb::kGiveState) return GiveState().ok();
  if (message.verb == RelayVerb::kGivePeers) return GivePeers().ok();
  if (message.verb == RelayVerb::kGiveHosts) return GiveHosts().ok();
  if (message.verb == RelayVerb::kGiveParts) return GiveParts().ok();
  if (message.verb == RelayVerb::kHandOver) return StartToHandOver().ok() && !is_handing_over_;
  if (message.verb == RelayVerb::kGiveUsed) return GiveUsed().ok();
  absl::Status status;
  if (message.verb == RelayVerb::kConfigure) {
    status = Configure(message.body);
  } else if (message.verb == RelayVerb::kSetMark) {
    status = SetMark(message.body);
  } else if (message.verb == RelayVerb::kForget) {
    status = Forget(message.body);
  } else if (message.verb == RelayVerb::kLeases) {
    status = ChangeLeases(message.body);
  } else {
    return false;
  }
  crypto::Cleanse(message.body.data(), message.body.size());
  const absl::Status sent = status.ok() ? channel_.Send(RelayVerb::kDone)
                                        : channel_.Send(RelayVerb::kFailed, MessageOf(status));
  return sent.ok();
}

absl::StatusOr<DeviceUpdate> Relay::ParseConfiguration(std::string_view text) const {
  auto parsed = ParseOwnSet(text);
  if (const auto* const error = std::get_if<UapiError>(&parsed)) {
    return absl::InternalError(error->reason);
  }
  DeviceUpdate update = std::get<DeviceUpdate>(std::move(parsed));
  if (cipher_.has_value()) update.transport_cipher = cipher_;
  return update;
}

absl::Status Relay::Configure(std::string_view text) {
  ASSIGN_OR_RETURN(DeviceUpdate update, ParseConfiguration(text));
  Endpoints wanted = EndpointsOf(update);
  // A peer of the configuration wins over a lease with its key.
  for (const PeerUpdate& peer : update.peers) leased_.erase(peer.public_key);
  const DeviceStatus status = ConfiguredStatus();
  LeaveOutKnownEndpoints(wanted, status, &update);
  KeepUnnamed(status, &update);
  const UapiError error = device_->loop().device().Apply(Diff(status, update));
  if (error.error_number != 0) return absl::InvalidArgumentError(error.reason);
  endpoints_ = std::move(wanted);
  return absl::OkStatus();
}

absl::Status Relay::SetMark(std::string_view body) {
  DeviceUpdate update;
  uint32_t mark = 0;
  if (body.size() != sizeof(mark)) return absl::InvalidArgumentError("set the mark: not a number");
  std::memcpy(&mark, body.data(), sizeof(mark));
  update.fwmark = mark;
  const UapiError error = device_->loop().device().Apply(update);
  if (error.error_number != 0) return absl::InvalidArgumentError(error.reason);
  return absl::OkStatus();
}

absl::Status Relay::Forget(std::string_view body) {
  const std::optional<std::vector<crypto::PublicKey>> peers = ParseKeys(body, 1);
  if (!peers.has_value() || peers->size() != 1) return absl::InternalError("forget: not one key");
  if (device_->loop().device().Forget(peers->front())) return absl::OkStatus();
  return absl::NotFoundError("nothing is remembered of this peer");
}

absl::Status Relay::GiveParts() {
  for (const PartsMessage& message : PartsMessages(device_->parts())) {
    RETURN_IF_ERROR(channel_.SendWith(message.descriptors, RelayVerb::kParts, message.body));
  }
  return absl::OkStatus();
}

// A device whose state cannot be handed over goes on.
absl::Status Relay::StartToHandOver() {
  std::string text = StateText();
  is_handing_over_ = text.size() <= kConfigFileBytesMax;
  crypto::Cleanse(text.data(), text.size());
  return is_handing_over_ ? absl::OkStatus() : channel_.Send(RelayVerb::kFailed, kTooManyPeers);
}

absl::Status Relay::HandOver() {
  for (const SocketsMessage& message : SocketsMessages(device_->loop().udp_sockets(), /*id=*/0)) {
    RETURN_IF_ERROR(channel_.SendWith(message.descriptors, RelayVerb::kSockets, message.body));
  }
  return GiveState();
}

std::string Relay::StateText() { return Strip(StateOf(ConfiguredStatus())); }

absl::Status Relay::GiveState() {
  std::string text = StateText();
  const absl::Status sent = text.size() <= kConfigFileBytesMax
                                ? channel_.Send(RelayVerb::kState, text)
                                : channel_.Send(RelayVerb::kFailed, kTooManyPeers);
  crypto::Cleanse(text.data(), text.size());
  return sent;
}

absl::Status Relay::GivePeers() {
  std::vector<crypto::PublicKey> keys;
  for (const PeerStatus& peer : ConfiguredStatus().peers) keys.push_back(peer.public_key);
  return channel_.Send(RelayVerb::kPeers, KeysBody(keys));
}

DeviceStatus Relay::ConfiguredStatus() const {
  DeviceStatus status = device_->loop().device().Status();
  std::erase_if(status.peers,
                [this](const PeerStatus& peer) { return leased_.contains(peer.public_key); });
  return status;
}

absl::Status Relay::ChangeLeases(std::string_view text) {
  auto parsed = ParseOwnSet(text);
  if (const auto* const error = std::get_if<UapiError>(&parsed)) {
    return absl::InternalError(error->reason);
  }
  const DeviceUpdate& update = std::get<DeviceUpdate>(parsed);
  const UapiError error = device_->loop().device().Apply(update);
  if (error.error_number != 0) return absl::InvalidArgumentError(error.reason);
  for (const PeerUpdate& peer : update.peers) {
    if (peer.remove) {
      leased_.erase(peer.public_key);
    } else {
      leased_.insert(peer.public_key);
    }
  }
  return absl::OkStatus();
}

absl::Status Relay::GiveUsed() {
  std::vector<crypto::PublicKey> keys;
  for (const PeerStatus& peer : device_->loop().device().Status().peers) {
    if (peer.last_handshake.has_value() && leased_.contains(peer.public_key)) {
      keys.push_back(peer.public_key);
    }
  }
  return channel_.Send(RelayVerb::kPeers, KeysBody(keys));
}

// From now on changes of the peers are reported.
absl::Status Relay::GiveHosts() {
  DeviceRequests& device = device_->loop().device();
  peers_changed_.Asked();
  device.set_on_peers_changed([this] { peers_changed_.PeersChanged(); });
  if (device.peer_count() > kPeersWithHostsMax + leased_.size()) {
    return channel_.Send(RelayVerb::kFailed,
                         fmt::format("the device has more than {} peers", kPeersWithHostsMax));
  }
  std::vector<PeerHosts> peers;
  const DeviceStatus status = ConfiguredStatus();
  for (const PeerStatus& peer : status.peers) {
    PeerHosts& one = peers.emplace_back(PeerHosts{peer.public_key, {}});
    for (const Prefix& prefix : peer.allowed_ips) {
      if (prefix.IsHost() && one.hosts.size() < kHostsPerPeerMax)
        one.hosts.push_back(prefix.address);
    }
  }
  return channel_.Send(RelayVerb::kHosts, HostsBody(peers));
}

absl::Status Relay::MovePeers(std::string_view endpoints) {
  ASSIGN_OR_RETURN(std::vector<PeerUpdate> peers, ParseEndpoints(endpoints));
  DeviceUpdate update;
  update.peers = std::move(peers);
  const UapiError error = device_->loop().device().Apply(update);
  if (error.error_number != 0) return absl::InvalidArgumentError(error.reason);
  for (const PeerUpdate& peer : update.peers) endpoints_[peer.public_key] = *peer.endpoint;
  return absl::OkStatus();
}

// Does not wait: a supervisor may be busy with a hook, and a peer that stays silent is reported
// again.
void Relay::ReportUnanswered(std::span<const crypto::PublicKey> peers) {
  while (!peers.empty() && channel_.CanSend()) {
    const size_t count = std::min(peers.size(), kUnansweredKeysMax);
    if (!channel_.Send(RelayVerb::kUnanswered, KeysBody(peers.first(count))).ok()) return;
    peers = peers.subspan(count);
  }
}

void Relay::LeaveOutKnownEndpoints(const Endpoints& wanted, const DeviceStatus& device,
                                   DeviceUpdate* update) const {
  absl::flat_hash_set<crypto::PublicKey> known;
  for (const PeerStatus& peer : device.peers) {
    if (!peer.endpoint.has_value()) continue;
    const auto old_one = endpoints_.find(peer.public_key);
    const auto new_one = wanted.find(peer.public_key);
    if (old_one == endpoints_.end() || new_one == wanted.end()) continue;
    if (old_one->second == new_one->second) known.insert(peer.public_key);
  }
  for (PeerUpdate& peer : update->peers) {
    if (known.contains(peer.public_key)) peer.endpoint.reset();
  }
}

// Returns the process' exit code.
int Serve(absl::Status status, Relay* relay) {
  if (status.ok()) status = relay->Run();
  if (status.ok()) return kExitSuccess;
  // The supervisor reports for both; if it is gone, nobody listens.
  status.Update(relay->channel().Send(RelayVerb::kFailed, MessageOf(status)));
  return kExitFailure;
}

absl::StatusOr<DeviceParts> ReceiveParts(RelayChannel* channel) {
  DeviceParts parts;
  while (!parts.IsComplete()) {
    ASSIGN_OR_RETURN(RelayMessage message, channel->Receive());
    if (message.verb != RelayVerb::kParts ||
        !TakeParts(message.body, std::move(message.descriptors), &parts)) {
      return absl::InternalError("take over a device: an invalid message");
    }
  }
  return parts;
}

}  // namespace

int RunRelay(DeviceSettings settings, std::optional<TransportCipher> cipher, RelayChannel channel) {
  const absl::StatusOr<RelayMessage> start = channel.Receive();
  if (!start.ok() || start->verb != RelayVerb::kStart) return kExitSuccess;
  Relay relay(cipher, std::move(channel));
  return Serve(relay.Start(std::move(settings), start->body), &relay);
}

int RunSuccessor(DeviceSettings settings, std::optional<TransportCipher> cipher,
                 RelayChannel channel) {
  absl::StatusOr<DeviceParts> parts = ReceiveParts(&channel);
  Relay relay(cipher, std::move(channel));
  if (!parts.ok()) return Serve(parts.status(), &relay);
  settings.parts.emplace(*std::move(parts));
  return Serve(relay.Succeed(std::move(settings)), &relay);
}

}  // namespace ringwire::platform
