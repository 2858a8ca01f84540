#include "platform/names/packet_channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "absl/time/time.h"
#include "core/base/status_macros.h"
#include "platform/base/clock.h"
#include "platform/base/descriptor_passing.h"

namespace ringwire::platform {

absl::StatusOr<std::pair<PacketChannel, PacketChannel>> PacketChannel::Make() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return absl::ErrnoToStatus(errno, "cannot make a channel to another process");
  }
  return std::pair(PacketChannel(UniqueFd(ends[0])), PacketChannel(UniqueFd(ends[1])));
}

absl::Status PacketChannel::Send(std::string_view bytes, std::span<const int> descriptors) {
  return SendWithDescriptors(socket_.get(), bytes, descriptors).status();
}

absl::StatusOr<PacketChannel::Packet> PacketChannel::Receive() {
  std::array<char, kPacketBytesMax> bytes;
  Packet packet;
  ASSIGN_OR_RETURN(const size_t size,
                   ReceiveWithDescriptors(socket_.get(), bytes, &packet.descriptors));
  packet.bytes.assign(bytes.data(), size);
  return packet;
}

absl::StatusOr<PacketChannel::Packet> PacketChannel::ReceiveBefore(Instant deadline) {
  while (true) {
    const int64_t left_ms = absl::ToInt64Milliseconds(deadline - BootNow());
    pollfd message{socket_.get(), POLLIN, 0};
    const int ready =
        ::poll(&message, 1, static_cast<int>(std::clamp<int64_t>(left_ms, 0, INT_MAX)));
    if (ready > 0) return Receive();
    if (ready == 0) return absl::DeadlineExceededError("the other process does not answer");
    if (errno != EINTR) return absl::ErrnoToStatus(errno, "cannot wait for the other process");
  }
}

}  // namespace ringwire::platform
