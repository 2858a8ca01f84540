#include "platform/io/queueing_backend.h"

#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/check.h"
#include "platform/tun/tun_device.h"

namespace ringwire::platform {

QueueingBackend::QueueingBackend(const BackendOptions& options)
    : sends_(options.counters, options.ladder),
      writes_(options.tun_fd, options.counters, options.ladder),
      options_(options),
      tso_(options.ladder->IsOn(Offload::kTso)),
      uso_(options.ladder->IsOn(Offload::kUso)),
      gro_(options.ladder->IsOn(Offload::kUdpGro)) {
  CHECK(options_.counters != nullptr);
  CHECK(options_.datagram_bytes_max > 0 && options_.datagram_bytes_max <= kDatagramBytesMax);
  sends_.SetSockets(options.udp_v4_fd, options.udp_v6_fd);
}

void QueueingBackend::SendUdp(std::span<const SendRun> runs) {
  for (const SendRun& run : runs) {
    if (run.run.count == 1 || !sends_.MustSplit(run)) {
      QueueSend(run);
      continue;
    }
    for (size_t i = 0; i < run.run.count; ++i) {
      QueueSend({Run::Of(run.run.Segment(i)), run.to, run.tos, run.peer});
    }
  }
}

void QueueingBackend::QueueSend(const SendRun& run) {
  if (sends_.full()) Submit();
  sends_.Push(run);
}

void QueueingBackend::WriteTun(const TunWriteBatch& batch) {
  for (const TunWrite& write : batch.writes) {
    if (!writes_.HasRoom(write.piece_count)) Submit();
    writes_.Push(write, batch.PiecesOf(write));
  }
}

void QueueingBackend::Wake() { wake_.Raise(); }

void QueueingBackend::ClearWake() { wake_.Clear(); }

ReceivedRun QueueingBackend::Received(const msghdr& header, std::span<uint8_t> payload) {
  const ReceivedInfo info = ParseReceived(header);
  ReceivedRun received;
  received.run = Run::Train(payload, info.segment_bytes);
  received.from = info.from;
  received.tos = info.tos;
  received.truncated = (header.msg_flags & MSG_TRUNC) != 0;
  counters().udp_receive_runs.Add();
  counters().udp_receive_segments.Add(received.run.count);
  counters().udp_receive_bytes.Add(payload.size());
  // Longer than any buffer: switch off the offload that makes such trains.
  if (received.truncated && received.run.count > 1) GiveUpReceiveOffload(EMSGSIZE);
  return received;
}

TunFrame QueueingBackend::ReadFrame(std::span<uint8_t> bytes) {
  counters().tun_read_runs.Add();
  counters().tun_read_bytes.Add(bytes.size());
  return {bytes};
}

bool QueueingBackend::TunIsThere() const {
  ifreq request{};
  return ::ioctl(options_.tun_fd, TUNGETIFF, &request) == 0;
}

bool QueueingBackend::GiveUpTunReadOffload(int error) {
  if ((!tso_ && !uso_) || !TunIsThere()) return false;
  counters().Drop(DropReason::kTunReadFailed);
  bool& latest = uso_ ? uso_ : tso_;
  ladder().Fall(uso_ ? Offload::kUso : Offload::kTso, error);
  latest = false;
  MutexLock lock(&ladder().tun_mutex());
  const absl::Status status =
      SetTunOffloads(options_.tun_fd, ladder().IsOn(Offload::kTso), ladder().IsOn(Offload::kUso));
  return status.ok();
}

bool QueueingBackend::GiveUpReceiveOffload(int error) {
  if (!gro_) return false;
  gro_ = false;
  ladder().Fall(Offload::kUdpGro, error);
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    const int off = 0;
    const int fd = sends_.socket_fd(family);
    if (fd >= 0) ::setsockopt(fd, SOL_UDP, UDP_GRO, &off, sizeof(off));
  }
  return true;
}

}  // namespace ringwire::platform
