#include "platform/app/relay.h"

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "core/control/config_diff.h"
#include "platform/app/background.h"
#include "platform/app/report_error.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

// Where the configuration in force says that each peer is.
using Endpoints = absl::flat_hash_map<crypto::PublicKey, SocketAddress>;

Endpoints EndpointsOf(const DeviceUpdate& update) {
  Endpoints endpoints;
  for (const PeerUpdate& peer : update.peers) {
    // Of several blocks of one peer the last one with an endpoint counts.
    if (peer.endpoint.has_value()) endpoints[peer.public_key] = *peer.endpoint;
  }
  return endpoints;
}

class Relay {
 public:
  Relay(std::optional<TransportCipher> cipher, RelayChannel channel)
      : cipher_(cipher), channel_(std::move(channel)) {}

  absl::Status Start(DeviceSettings settings);
  absl::Status Run() { return device_->Run(); }
  RelayChannel& channel() { return channel_; }

 private:
  bool TakeMessage();
  absl::Status Configure(std::string_view text);
  // A peer that has moved since the configuration named its endpoint is known better by the device.
  void LeaveOutKnownEndpoints(const Endpoints& wanted, const DeviceStatus& device,
                              DeviceUpdate* update) const;

  const std::optional<TransportCipher> cipher_;
  RelayChannel channel_;
  std::unique_ptr<DeviceRunner> device_;
  Endpoints endpoints_;
};

absl::Status Relay::Start(DeviceSettings settings) {
  endpoints_ = EndpointsOf(*settings.update);
  absl::StatusOr<std::unique_ptr<DeviceRunner>> device = DeviceRunner::Start(std::move(settings));
  if (!device.ok()) return device.status();
  device_ = *std::move(device);
  ControlLoop& loop = device_->loop();
  loop.set_reload([this] { return channel_.Send(RelayVerb::kReloadWanted); });
  const absl::Status status = loop.WatchSupervisor(channel_.fd(), [this] { return TakeMessage(); });
  if (!status.ok()) return status;
  const uint32_t index = device_->interface_index();
  return channel_.Send(RelayVerb::kStarted, {reinterpret_cast<const char*>(&index), sizeof(index)});
}

// False: the supervisor is gone, or has nothing more to say.
bool Relay::TakeMessage() {
  absl::StatusOr<RelayMessage> message = channel_.Receive();
  if (!message.ok()) return false;
  if (message->verb == RelayVerb::kServe) {
    spdlog::info("{}", device_->ReadyLine());
    const auto terminal = static_cast<Terminal>(message->body.empty() ? 'k' : message->body[0]);
    if (terminal != Terminal::kKeep) LetGoOfTerminal(terminal == Terminal::kKeepStderr);
    return true;
  }
  if (message->verb != RelayVerb::kConfigure) return false;
  const absl::Status status = Configure(message->body);
  crypto::Cleanse(message->body.data(), message->body.size());
  const absl::Status sent = status.ok() ? channel_.Send(RelayVerb::kDone)
                                        : channel_.Send(RelayVerb::kFailed, MessageOf(status));
  return sent.ok();
}

absl::Status Relay::Configure(std::string_view text) {
  const ConfigParse parse = ParseConfigFile(text);
  if (!parse.ok()) return absl::InternalError(parse.errors.front().message);
  std::vector<std::optional<SocketAddress>> addresses;
  for (const PeerConfig& peer : parse.config.peers) {
    addresses.push_back(peer.endpoint.has_value() ? SocketAddress::Parse(peer.endpoint->ToString())
                                                  : std::nullopt);
  }
  DeviceUpdate update = ToDeviceUpdate(parse.config, addresses);
  if (cipher_.has_value()) update.transport_cipher = cipher_;
  Endpoints wanted = EndpointsOf(update);
  const DeviceStatus status = device_->loop().Status();
  LeaveOutKnownEndpoints(wanted, status, &update);
  const UapiError error = device_->loop().Apply(Diff(status, update));
  if (error.error_number != 0) return absl::InvalidArgumentError(error.reason);
  endpoints_ = std::move(wanted);
  return absl::OkStatus();
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

}  // namespace

int RunRelay(DeviceSettings settings, std::optional<TransportCipher> cipher, RelayChannel channel) {
  Relay relay(cipher, std::move(channel));
  absl::Status status = relay.Start(std::move(settings));
  if (status.ok()) status = relay.Run();
  if (status.ok()) return kExitSuccess;
  // The supervisor speaks for both; when it is gone, there is nobody to speak to.
  status.Update(relay.channel().Send(RelayVerb::kFailed, MessageOf(status)));
  return kExitFailure;
}

}  // namespace ringwire::platform
