#ifndef RINGWIRE_PLATFORM_RELAY_SOCKET_BODIES_H_
#define RINGWIRE_PLATFORM_RELAY_SOCKET_BODIES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "platform/base/unique_fd.h"
#include "platform/control/listen_sockets.h"
#include "platform/relay/relay_channel.h"
#include "platform/udp/udp_socket.h"

// The bodies of the messages with which a relay gets UDP sockets from its supervisor. Pure.
namespace ringwire::platform {

// Without descriptors, except perhaps the asker: requests new sockets, a pair for each worker.
// Otherwise the sockets that come with it get the mark.
struct SocketRequest {
  uint32_t id = 0;  // chosen by the relay, by which it knows the reply
  uint32_t mark = 0;
  uint16_t port = 0;
  uint16_t workers = 0;
  bool gro = false;        // as UdpOptions
  bool has_asker = false;  // the last descriptor is the connection of the control socket that asks
  friend bool operator==(const SocketRequest&, const SocketRequest&) = default;
};
std::string SocketRequestBody(const SocketRequest& request);
// nullopt: invalid, or too many workers.
std::optional<SocketRequest> ParseSocketRequest(std::string_view body);

// The pairs of some workers; the next reply brings the next ones. No worker: the sockets of the
// request have their mark.
struct SocketReply {
  uint32_t id = 0;
  uint16_t port = 0;
  uint16_t workers = 0;
  bool v4 = false;  // which sockets of a pair there are
  bool v6 = false;
  friend bool operator==(const SocketReply&, const SocketReply&) = default;
};
std::string SocketReplyBody(const SocketReply& reply);
std::optional<SocketReply> ParseSocketReply(std::string_view body);
// The number of pairs in one reply.
inline constexpr size_t kSocketPairsMax = kPassedDescriptorsMax / 2;

// One kSockets, with its descriptors, which stay with their owner.
struct SocketsMessage {
  std::string body;
  std::vector<int> descriptors;
};
// All sockets of a device, as messages with this id.
std::vector<SocketsMessage> SocketsMessages(const UdpSocketsView& sockets, uint32_t id);
// Adds the pairs of a message to those in `group`. False: not as many as the reply says.
bool TakePairs(const SocketReply& reply, std::vector<UniqueFd> descriptors, UdpSocketGroup* group);

struct SocketRefusal {
  uint32_t id = 0;
  absl::Status why;
};
std::string SocketRefusalBody(const SocketRefusal& refusal);
std::optional<SocketRefusal> ParseSocketRefusal(std::string_view body);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_RELAY_SOCKET_BODIES_H_
