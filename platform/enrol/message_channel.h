#ifndef RINGWIRE_PLATFORM_ENROL_MESSAGE_CHANNEL_H_
#define RINGWIRE_PLATFORM_ENROL_MESSAGE_CHANNEL_H_

#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/enrol/messages.h"
#include "core/enrol/secret_bytes.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// Both ends of a socket pair that keeps the bounds of messages; close-on-exec, non-blocking.
absl::StatusOr<std::pair<UniqueFd, UniqueFd>> MakeMessageSockets();

// One packet, sent or received as it is. Never waits: Unavailable if it would have to. NotFound:
// the other end is closed.
absl::Status SendPacket(int socket, std::string_view bytes, std::span<const int> descriptors);
absl::StatusOr<enrol::SecretBytes> ReceivePacket(int socket, std::vector<UniqueFd>* descriptors);

// One end of a channel between processes of enrolment: sends messages of one set and takes those of
// another. Thread-compatible.
template <typename Sent, typename Taken>
class MessageChannel {
 public:
  struct Packet {
    Taken message;
    std::vector<UniqueFd> descriptors;
  };

  MessageChannel() = default;
  explicit MessageChannel(UniqueFd socket) : socket_(std::move(socket)) {}

  int fd() const { return socket_.get(); }
  bool open() const { return socket_.valid(); }
  void Close() { socket_.Reset(); }

  // The descriptors stay the caller's. Unavailable: the other process does not read.
  absl::Status Send(const Sent& message, std::span<const int> descriptors = {}) {
    const enrol::SecretBytes bytes = enrol::EncodeMessage(message);
    if (bytes.empty()) return absl::InvalidArgumentError("a message is beyond its bounds");
    return SendPacket(socket_.get(), bytes.view(), descriptors);
  }

  // nullopt: there is none yet. NotFound: the other end is closed. InvalidArgument: it is no
  // message of the set, and its sender must be ended.
  absl::StatusOr<std::optional<Packet>> TryReceive() {
    std::vector<UniqueFd> descriptors;
    const absl::StatusOr<enrol::SecretBytes> bytes = ReceivePacket(socket_.get(), &descriptors);
    if (absl::IsUnavailable(bytes.status())) return std::nullopt;
    if (!bytes.ok()) return bytes.status();
    std::optional<Taken> message = enrol::DecodeMessage<Taken>(bytes->view());
    if (!message.has_value()) return absl::InvalidArgumentError("not a message of ours");
    return Packet{*std::move(message), std::move(descriptors)};
  }

 private:
  UniqueFd socket_;
};

using PortalEndToRegistrar = MessageChannel<enrol::PortalToRegistrar, enrol::RegistrarToPortal>;
using RegistrarEndToPortal = MessageChannel<enrol::RegistrarToPortal, enrol::PortalToRegistrar>;
using RegistrarEndToSupervisor =
    MessageChannel<enrol::RegistrarToSupervisor, enrol::SupervisorToRegistrar>;
using SupervisorEndToRegistrar =
    MessageChannel<enrol::SupervisorToRegistrar, enrol::RegistrarToSupervisor>;
using PortalEndToSupervisor = MessageChannel<enrol::PortalToSupervisor, enrol::SupervisorToPortal>;
using SupervisorEndToPortal = MessageChannel<enrol::SupervisorToPortal, enrol::PortalToSupervisor>;

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_ENROL_MESSAGE_CHANNEL_H_
