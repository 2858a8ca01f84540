#ifndef RINGWIRE_PLATFORM_UDP_CONTROL_MESSAGES_H_
#define RINGWIRE_PLATFORM_UDP_CONTROL_MESSAGES_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/wire/address.h"

// The control data of a UDP message: the peer's address, our own (IP_PKTINFO), the TOS byte, and
// the segment size of a train (UDP_SEGMENT out, UDP_GRO in). Buffers are zeroed and lengths exact:
// the kernel would read padding and old bytes as further control messages.
namespace ringwire::platform {

// Room for pktinfo, TOS and UDP_SEGMENT.
inline constexpr size_t kSendControlBytes =
    CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(uint16_t));
// Room for pktinfo, TOS and UDP_GRO, padded so that the next bytes are aligned to 16.
inline constexpr size_t kReceiveControlBytes = 96;
static_assert(kReceiveControlBytes >=
              CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(int)));

union SocketName {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

// Fills `name`; returns its length, 0 when `address` is not set.
socklen_t ToSocketName(const SocketAddress& address, SocketName* name);
// Unset for a family other than IPv4 and IPv6, or for a truncated name.
SocketAddress FromSocketName(const void* name, socklen_t name_bytes);

// How one datagram or train is sent. `segment_bytes` 0: a plain datagram.
struct SendForm {
  Endpoint to;
  uint8_t tos = 0;
  uint16_t segment_bytes = 0;
  bool with_source = true;  // from `to.local`, if that is set
};

// A message for sendmsg() with its buffers, except the payload. Not movable, because the header
// points into the object.
class OutgoingMessage {
 public:
  OutgoingMessage() = default;
  OutgoingMessage(const OutgoingMessage&) = delete;
  OutgoingMessage& operator=(const OutgoingMessage&) = delete;

  void Set(const SendForm& form, std::span<const uint8_t> payload);
  const msghdr& header() const { return header_; }

 private:
  void AppendControl(int level, int type, std::span<const uint8_t> value);

  msghdr header_{};
  iovec payload_{};
  SocketName name_{};
  alignas(cmsghdr) std::array<uint8_t, kSendControlBytes> control_{};
};

// The control data of a received message.
struct ReceivedInfo {
  Endpoint from;  // local: the destination address, and its interface
  uint8_t tos = 0;
  size_t segment_bytes = 0;  // 0: not a train
};
ReceivedInfo ParseReceived(const msghdr& header);

// Whether a send may have failed because of its source address: the address is no longer ours, or
// no route accepts it.
bool MayBlameSourceAddress(int error);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_UDP_CONTROL_MESSAGES_H_
