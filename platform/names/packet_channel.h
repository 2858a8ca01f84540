#ifndef RINGWIRE_PLATFORM_NAMES_PACKET_CHANNEL_H_
#define RINGWIRE_PLATFORM_NAMES_PACKET_CHANNEL_H_

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/instant.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// One end of a socket pair that preserves message boundaries. Thread-compatible.
class PacketChannel {
 public:
  struct Packet {
    std::string bytes;
    std::vector<UniqueFd> descriptors;
  };

  PacketChannel() = default;
  explicit PacketChannel(UniqueFd socket) : socket_(std::move(socket)) {}
  // Both ends, close-on-exec.
  static absl::StatusOr<std::pair<PacketChannel, PacketChannel>> Make();

  int fd() const { return socket_.get(); }
  bool open() const { return socket_.valid(); }
  void Close() { socket_.Reset(); }

  // At most kPassedDescriptorsMax descriptors, which the caller keeps.
  absl::Status Send(std::string_view bytes, std::span<const int> descriptors = {});
  // Waits for a message of at most kPacketBytesMax bytes. NotFound: the other end is closed.
  absl::StatusOr<Packet> Receive();
  // The same, but not beyond `deadline`.
  absl::StatusOr<Packet> ReceiveBefore(Instant deadline);

  static constexpr size_t kPacketBytesMax = 4096;

 private:
  UniqueFd socket_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NAMES_PACKET_CHANNEL_H_
