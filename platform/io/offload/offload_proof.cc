#include "platform/io/offload/offload_proof.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <numeric>
#include <string>

#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"
#include "platform/io/offload/probe_device.h"
#include "platform/io/offload/superpacket_proof.h"
#include "platform/udp/control_messages.h"

namespace ringwire::platform {
namespace {

// Loopback delivers before a send returns; the wait is for a busy machine.
constexpr int kPatienceMs = 200;
// Two segments and a shorter one.
constexpr uint16_t kSegmentBytes = 100;
constexpr size_t kTrainBytes = 250;

void DoubtTrains(CapabilityLadder* ladder, const std::string& why) {
  ladder->Doubt(Offload::kUdpGso, why);
  ladder->Doubt(Offload::kUdpGro, why);
}

std::string Tried(const char* what) { return std::string(what) + ": " + std::strerror(errno); }

// Bound to an address of loopback.
UniqueFd OpenOnLoopback(const IpAddress& address, SocketName* name, socklen_t* name_bytes) {
  *name_bytes = ToSocketName({address, 0, 0}, name);
  UniqueFd fd(::socket(name->any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid() || ::bind(fd.get(), &name->any, *name_bytes) != 0 ||
      ::getsockname(fd.get(), &name->any, name_bytes) != 0) {
    return UniqueFd();
  }
  return fd;
}

// How the train arrived.
struct Arrived {
  std::string trouble;  // why the test itself failed; else:
  bool intact = false;  // in order, complete, cut at segment boundaries only
  bool as_one = false;  // by one call that reported the segment size
};

Arrived ReceiveTrain(int fd, const std::array<uint8_t, kTrainBytes>& sent) {
  Arrived arrived;
  std::array<uint8_t, kTrainBytes> received{};
  arrived.intact = true;
  size_t total = 0;
  while (total < kTrainBytes) {
    pollfd watched{fd, POLLIN, 0};
    if (::poll(&watched, 1, kPatienceMs) != 1) {
      return {.trouble = "a train over loopback did not arrive"};
    }
    iovec payload{&received[total], kTrainBytes - total};
    alignas(cmsghdr) std::array<uint8_t, kReceiveControlBytes> control{};
    msghdr message{};
    message.msg_iov = &payload;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t bytes = ::recvmsg(fd, &message, MSG_DONTWAIT);
    if (bytes <= 0) return {.trouble = Tried("receive a train over loopback")};
    const size_t segment_bytes = ParseReceived(message).segment_bytes;
    const size_t due = std::min<size_t>(kTrainBytes - total, kSegmentBytes);
    arrived.as_one = static_cast<size_t>(bytes) == kTrainBytes;
    // Some segments may have been merged; then each but the last has full size.
    arrived.intact =
        arrived.intact && total % kSegmentBytes == 0 &&
        (segment_bytes == 0 ? static_cast<size_t>(bytes) == due : segment_bytes == kSegmentBytes);
    total += static_cast<size_t>(bytes);
  }
  arrived.intact = arrived.intact && received == sent;
  return arrived;
}

}  // namespace

void ProveUdpOffloads(CapabilityLadder* ladder) {
  constexpr std::array<uint8_t, 4> kLocalhost{127, 0, 0, 1};
  constexpr std::array<uint8_t, 16> kLocalhostV6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  SocketName name{};
  socklen_t name_bytes = 0;
  UniqueFd receiver = OpenOnLoopback(IpAddress::V4(kLocalhost), &name, &name_bytes);
  if (!receiver.valid()) {
    receiver = OpenOnLoopback(IpAddress::V6(kLocalhostV6), &name, &name_bytes);
  }
  const UniqueFd sender(::socket(name.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!receiver.valid() || !sender.valid()) {
    DoubtTrains(ladder, Tried("open sockets on loopback"));
    return;
  }
  const int on = 1;
  if (ladder->IsOn(Offload::kUdpGro) &&
      ::setsockopt(receiver.get(), SOL_UDP, UDP_GRO, &on, sizeof(on)) != 0) {
    ladder->Refuse(Offload::kUdpGro, Tried("set UDP_GRO"));
  }
  std::array<uint8_t, kTrainBytes> train;
  std::iota(train.begin(), train.end(), uint8_t{1});
  OutgoingMessage message;
  Endpoint to;
  to.remote = FromSocketName(&name, name_bytes);
  message.Set({to, 0, kSegmentBytes, false}, train);
  if (::sendmsg(sender.get(), &message.header(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
    const std::string why = Tried("send a train over loopback");
    if (errno == EIO || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOPROTOOPT) {
      ladder->Refuse(Offload::kUdpGso, why);
    }
    DoubtTrains(ladder, why);
    return;
  }
  const Arrived arrived = ReceiveTrain(receiver.get(), train);
  if (!arrived.trouble.empty()) return DoubtTrains(ladder, arrived.trouble);
  if (!arrived.intact) {
    ladder->Refuse(Offload::kUdpGso, "a train over loopback arrived changed");
    ladder->Refuse(Offload::kUdpGro, "a train over loopback arrived changed");
  } else if (!arrived.as_one) {
    // Loopback itself may have cut it (ethtool can set that), and another device would not.
    ladder->Doubt(Offload::kUdpGro, "a train over loopback arrived in pieces");
  }
}

bool ProveTunOffloads(CapabilityLadder* ladder, bool otherwise) {
  if (!ladder->IsOn(Offload::kTso) && !ladder->IsOn(Offload::kUso) &&
      !ladder->IsOn(Offload::kTunGsoWrite)) {
    return false;
  }
  const absl::StatusOr<TunDevice> device = MakeProbeDevice();
  if (!device.ok()) {
    for (const Offload offload : {Offload::kTso, Offload::kUso, Offload::kTunGsoWrite}) {
      ladder->Doubt(offload, std::string(device.status().message()));
    }
    return otherwise && ladder->IsOn(Offload::kTunGsoWrite);
  }
  if (!device->tso) ladder->Refuse(Offload::kTso, "this kernel does not grant it");
  if (!device->uso) ladder->Refuse(Offload::kUso, "this kernel does not grant it");
  ProveSuperpacketReads(*device, ladder);
  if (!ladder->IsOn(Offload::kTunGsoWrite)) return false;
  if (!WriteSuperpacket(*device, /*tcp=*/true)) {
    ladder->Refuse(Offload::kTunGsoWrite, Tried("write a merged packet to a TUN device"));
    return false;
  }
  if (WriteSuperpacket(*device, /*tcp=*/false)) return true;
  ladder->Limit(Offload::kTunGsoWrite,
                "for TCP only (" + Tried("write a merged UDP packet to a TUN device") + ")");
  return false;
}

}  // namespace ringwire::platform
