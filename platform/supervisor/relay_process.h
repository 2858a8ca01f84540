#ifndef RINGWIRE_PLATFORM_SUPERVISOR_RELAY_PROCESS_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_RELAY_PROCESS_H_

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "platform/base/unique_fd.h"
#include "platform/relay/device_parts.h"
#include "platform/relay/relay_channel.h"
#include "platform/relay/relay_replies.h"
#include "platform/supervisor/relay_socket_service.h"
#include "platform/supervisor/relay_successor.h"
#include "platform/supervisor/supervised_relay.h"
#include "platform/udp/udp_socket.h"

namespace ringwire::platform {

// A relay process: its fork, the channel to it, its end. It owns the process and the channel. The
// relay is not trusted: no message of it decides how long this process waits.
class RelayProcess final : public SupervisedRelay {
 public:
  // What the new process does; returns its exit code.
  using Body = std::function<int(DeviceSettings settings, RelayChannel channel)>;

  // The process runs RunRelay, with the cipher of its settings.
  explicit RelayProcess(std::string interface);
  RelayProcess(std::string interface, Body body);
  ~RelayProcess() override;
  RelayProcess(const RelayProcess&) = delete;
  RelayProcess& operator=(const RelayProcess&) = delete;

  void set_on_unanswered(OnUnanswered on_unanswered) override;
  void set_on_peers_changed(std::function<void()> on_peers_changed) override;
  void AllowSockets(uint16_t port, uint32_t mark) override;
  void AlsoAllowSockets(uint16_t port, uint32_t mark) override;
  void IgnoreEndSignals() override { end_signals_.Reset(); }

  absl::Status Fork(const std::function<DeviceSettings()>& in_child) override;
  absl::StatusOr<uint32_t> Start(std::span<const PeerUpdate> endpoints) override;
  absl::Status Serve() override;
  void Drain() override;

  bool IsRunning() const override { return process_ > 0; }
  int fd() const override { return channel_.has_value() ? channel_->fd() : -1; }
  absl::Status TakeMessage() override;

  // How long a new program is watched after an upgrade.
  static constexpr absl::Duration kProbation = absl::Seconds(5);
  absl::Status Upgrade(const Successor& successor) override;
  absl::Status GoBack() override;
  Instant probation_end() const override;
  void EndProbation() override { fallback_.reset(); }
  absl::Status Configure(std::string_view text) override;
  absl::Status SetMark(uint32_t mark) override;
  absl::Status Forget(const crypto::PublicKey& peer) override;
  absl::StatusOr<ConfigFile> State() override;
  absl::StatusOr<std::vector<crypto::PublicKey>> Peers() override;
  absl::StatusOr<std::vector<PeerHosts>> Hosts() override;
  absl::Status ChangeLeases(std::span<const PeerUpdate> peers) override;
  absl::StatusOr<std::vector<crypto::PublicKey>> UsedLeases() override;
  absl::Status MoveEndpoints(std::span<const PeerUpdate> peers) override;

  void HangUp() override;
  bool Reap() override;
  const std::string& error() const override { return error_; }

 private:
  [[noreturn]] void RunChild(const std::function<DeviceSettings()>& in_child, RelayChannel channel,
                             pid_t supervisor);
  // Sends a request and waits for the reply.
  absl::StatusOr<RelayMessage> Ask(RelayVerb verb, std::string_view body,
                                   RelayReplies::Question question);
  // What the device had when it stopped.
  struct Stopped {
    UdpSocketGroup sockets;
    ConfigFile state;
  };
  // A device that its relay has stopped, for the relay that is next, and for the one after it if
  // that one fails.
  struct Fallback {
    Fallback() = default;
    Fallback(const Fallback&) = delete;
    Fallback& operator=(const Fallback&) = delete;
    ~Fallback();

    DeviceParts parts;
    UdpSocketGroup sockets;
    std::vector<std::string> arguments;
    std::vector<PeerUpdate> endpoints;
    std::string configuration;                  // has the keys
    Instant until = Instant::InfiniteFuture();  // while the next relay takes over
  };
  absl::StatusOr<DeviceParts> AskForParts();
  absl::StatusOr<Stopped> StopDevice(size_t workers);
  absl::StatusOr<RelaySuccessor> PrepareSuccessor(const Successor& successor,
                                                  const DevicePartsView& parts);
  void Adopt(RelaySuccessor* successor);
  absl::Status GiveDevice(const Fallback& device);
  absl::Status ReturnTo(const Fallback& device);
  // By force if necessary. Returns its status as waitpid(2) has it; nullopt: it does not end.
  std::optional<int> EndProcess(pid_t process) const;
  // The next reply to a request that has several.
  absl::StatusOr<RelayMessage> NextReply(RelayReplies::Question question);
  absl::StatusOr<std::vector<crypto::PublicKey>> AskForPeers(RelayVerb verb);
  // Takes a message that a relay may send at any time; false: it is invalid.
  bool TakeUnasked(const RelayMessage& message);
  void PassOnHeartbeat();

  const std::string interface_;
  const Body body_;
  OnUnanswered on_unanswered_;
  std::function<void()> on_peers_changed_;
  UniqueFd end_signals_;  // readable while one is pending; invalid: they interrupt nothing
  pid_t process_ = -1;
  std::optional<RelayChannel> channel_;  // none: no process
  RelayReplies replies_;
  RelaySocketService sockets_;
  std::string error_;
  Instant next_heartbeat_;  // none is passed on before
  // During the probation of an upgraded process. It holds the interface: null when that is to go.
  std::unique_ptr<Fallback> fallback_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_RELAY_PROCESS_H_
