#include "platform/enrol/message_channel.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "core/base/status_macros.h"
#include "core/enrol/limits.h"
#include "platform/base/descriptor_passing.h"

namespace ringwire::platform {

absl::StatusOr<std::pair<UniqueFd, UniqueFd>> MakeMessageSockets() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
    return absl::ErrnoToStatus(errno, "make a channel to another process");
  }
  return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

absl::Status SendPacket(int socket, std::string_view bytes, std::span<const int> descriptors) {
  return SendWithDescriptors(socket, bytes, descriptors).status();
}

absl::StatusOr<enrol::SecretBytes> ReceivePacket(int socket, std::vector<UniqueFd>* descriptors) {
  // One byte more, so that a longer packet does not look like a whole message.
  enrol::SecretBytes buffer(enrol::kMessageBytesMax + 1);
  ASSIGN_OR_RETURN(const size_t size,
                   ReceiveWithDescriptors(socket, buffer.span(), descriptors, MSG_DONTWAIT));
  return enrol::SecretBytes(buffer.view().substr(0, size));
}

}  // namespace ringwire::platform
