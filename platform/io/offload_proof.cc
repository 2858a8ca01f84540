#include "platform/io/offload_proof.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <numeric>
#include <string>

#include "absl/status/statusor.h"
#include "core/datapath/offload.h"
#include "platform/base/unique_fd.h"
#include "platform/io/probe_device.h"
#include "platform/udp/control_messages.h"

namespace ringwire::platform {
namespace {

// Loopback delivers before a send returns; this is for a machine that is busy elsewhere.
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

// Whether what arrives is the train: in order, whole, cut nowhere but where it was to be.
bool ReceiveTrain(int fd, const std::array<uint8_t, kTrainBytes>& sent, std::string* why) {
  std::array<uint8_t, kTrainBytes> received{};
  size_t total = 0;
  while (total < kTrainBytes) {
    pollfd watched{fd, POLLIN, 0};
    if (::poll(&watched, 1, kPatienceMs) != 1) {
      *why = "a train over loopback did not arrive";
      return false;
    }
    const ssize_t bytes = ::recv(fd, &received[total], kTrainBytes - total, MSG_DONTWAIT);
    if (bytes <= 0) {
      *why = Tried("receive a train over loopback");
      return false;
    }
    total += static_cast<size_t>(bytes);
  }
  why->clear();
  return received == sent;
}

// An IPv4 superpacket with a header checksum that is wrong: TUN takes it, and the host drops it at
// once. Three parts, the last one short.
ssize_t WriteSuperpacket(int tun_fd, bool tcp) {
  const size_t header_bytes = 20U + (tcp ? 20 : 8);
  std::array<uint8_t, kVnetHeaderBytes + 40 + kTrainBytes> frame{};
  VnetHeader vnet;
  vnet.flags = VnetHeader::kNeedsChecksum;
  vnet.gso_type = tcp ? VnetHeader::kGsoTcpV4 : VnetHeader::kGsoUdpL4;
  vnet.header_bytes = static_cast<uint16_t>(header_bytes);
  vnet.gso_size = kSegmentBytes;
  vnet.checksum_start = 20;
  vnet.checksum_offset = tcp ? 16 : 6;
  vnet.Store(std::span<uint8_t, kVnetHeaderBytes>(frame.data(), kVnetHeaderBytes));
  uint8_t* const ip = &frame[kVnetHeaderBytes];
  const size_t packet_bytes = header_bytes + kTrainBytes;
  const std::array<uint8_t, 20> ip_header{0x45,
                                          0,
                                          static_cast<uint8_t>(packet_bytes >> 8),
                                          static_cast<uint8_t>(packet_bytes),
                                          0,
                                          0,
                                          0x40,
                                          0,
                                          1,
                                          static_cast<uint8_t>(tcp ? IPPROTO_TCP : IPPROTO_UDP),
                                          0,
                                          0,
                                          192,
                                          0,
                                          2,
                                          1,
                                          192,
                                          0,
                                          2,
                                          2};
  std::ranges::copy(ip_header, ip);
  if (tcp) {
    ip[20 + 12] = 5 << 4;  // the header's length in words
    ip[20 + 13] = 0x10;    // ACK
  } else {
    ip[20 + 4] = static_cast<uint8_t>((kTrainBytes + 8) >> 8);
    ip[20 + 5] = static_cast<uint8_t>(kTrainBytes + 8);
  }
  return ::write(tun_fd, frame.data(), kVnetHeaderBytes + packet_bytes);
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
  std::string why;
  if (ReceiveTrain(receiver.get(), train, &why)) return;
  if (!why.empty()) return DoubtTrains(ladder, why);
  ladder->Refuse(Offload::kUdpGso, "a train over loopback came out wrong");
  ladder->Refuse(Offload::kUdpGro, "a train over loopback came out wrong");
}

bool ProveTunGsoWrite(CapabilityLadder* ladder, bool otherwise) {
  if (!ladder->IsOn(Offload::kTunGsoWrite)) return false;
  const absl::StatusOr<TunDevice> device = MakeProbeDevice();
  if (!device.ok()) {
    ladder->Doubt(Offload::kTunGsoWrite, std::string(device.status().message()));
    return otherwise;
  }
  const int fd = device->queues.front().get();
  if (WriteSuperpacket(fd, /*tcp=*/true) < 0) {
    ladder->Refuse(Offload::kTunGsoWrite, Tried("write a merged packet to a TUN device"));
    return false;
  }
  return WriteSuperpacket(fd, /*tcp=*/false) >= 0;
}

}  // namespace ringwire::platform
