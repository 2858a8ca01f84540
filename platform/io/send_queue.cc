#include "platform/io/send_queue.h"

#include <algorithm>
#include <cerrno>

#include "core/base/check.h"

namespace ringwire::platform {
namespace {

// A train may be refused for being one: EMSGSIZE is a segment above the path's MTU (EINVAL before
// 6.14), EIO a route without checksum offload, ENOBUFS a lack of contiguous memory. Its datagrams,
// sent alone, can be fragmented and summed by the kernel.
bool MayBlameTrain(int error) {
  return error == EMSGSIZE || error == EINVAL || error == EIO || error == ENOBUFS;
}

DropReason ReasonOf(int error) {
  return error == EAGAIN || error == ENOBUFS ? DropReason::kSendBufferFull
                                             : DropReason::kSendFailed;
}

SendForm FormOf(const SendRun& run, bool with_source) {
  const bool train = run.run.count > 1;
  return {run.to, run.tos, static_cast<uint16_t>(train ? run.run.segment_bytes : 0), with_source};
}

}  // namespace

void SendQueue::SetSockets(int udp_v4_fd, int udp_v6_fd) {
  ladder_->Restore(Offload::kUdpGso);
  const bool none = !ladder_->IsOn(Offload::kUdpGso);
  v4_ = Socket{udp_v4_fd, none};
  v6_ = Socket{udp_v6_fd, none};
  refused_paths_.fill({});
}

bool SendQueue::MustSplit(const SendRun& run) {
  if (gso_disabled(run.to.remote.address.family)) return true;
  RefusedPath& path = RefusedPathOf(run.peer);
  if (path.remote != run.to.remote || run.run.segment_bytes < path.segment_bytes) return false;
  if (++path.trains_split <= kSplitTrains) return true;
  path = {};
  return false;
}

void SendQueue::Push(const SendRun& run) {
  DCHECK(!full());
  DCHECK(run.run.count >= 1);
  DCHECK(run.run.count == 1 || run.run.stride == run.run.segment_bytes);  // a train has no gaps
  if (!run.to.remote.address.IsSet() || SocketOf(run.to.remote.address.family).fd < 0) {
    counters_->Drop(DropReason::kSendFailed, run.run.count);
    return;
  }
  runs_[size_] = run;
  failed_[size_] = false;
  storage_[size_].Set(FormOf(run, true), {run.run.data, run.run.PayloadBytes()});
  messages_[size_] = mmsghdr{storage_[size_].header(), 0};
  CountSent(run.run);
  ++size_;
}

void SendQueue::Recover(size_t index, int error) {
  DCHECK(index < size_ && !failed_[index]);
  failed_[index] = true;
  const SendRun& run = runs_[index];
  counters_->udp_send_runs.Retract(1);
  counters_->udp_send_segments.Retract(run.run.count);
  counters_->udp_send_bytes.Retract(run.run.PayloadBytes());
  if (run.run.count > 1) {
    RecoverTrain(run, error);
  } else {
    RecoverOne(run, error);
  }
}

void SendQueue::RecoverTrain(const SendRun& run, int error) {
  error = SendWithSourceFallback(run, error);
  if (error == 0) return;
  if (!MayBlameTrain(error)) {
    counters_->Drop(ReasonOf(error), run.run.count);
    return;
  }
  counters_->trains_repeated.Add();
  if (error == EIO) {
    ladder_->Fall(Offload::kUdpGso, error);
    (run.to.remote.address.family == IpFamily::kV4 ? v4_ : v6_).gso_disabled = true;
  } else {
    ladder_->Stumble(Offload::kUdpGso, error);
    // A lack of memory says nothing about the path.
    if (error != ENOBUFS) RefusedPathOf(run.peer) = {run.to.remote, run.run.segment_bytes, 0};
  }
  for (size_t i = 0; i < run.run.count; ++i) {
    const SendRun segment{Run::Of(run.run.Segment(i)), run.to, run.tos, run.peer};
    const int refused = SendNow(segment, true);
    if (refused != 0) RecoverOne(segment, refused);
  }
}

void SendQueue::RecoverOne(const SendRun& run, int error) {
  error = SendWithSourceFallback(run, error);
  if (error == 0) return;
  counters_->Drop(ReasonOf(error));
}

int SendQueue::SendWithSourceFallback(const SendRun& run, int error) {
  if (run.to.local.IsSet() && MayBlameSourceAddress(error)) {
    const int refused = SendNow(run, false);
    if (refused != 0) return refused;
    counters_->source_address_retries.Add();
    ReportUnusableSource(run.peer);
    return 0;
  }
  // After either error the next attempt may succeed: the buffer may have drained, and a pending
  // ICMP error is reported once, to the next send.
  if (error == EAGAIN || error == ECONNREFUSED || error == EHOSTUNREACH || error == EINTR) {
    return SendNow(run, true);
  }
  return error;
}

int SendQueue::SendNow(const SendRun& run, bool with_source) {
  again_.Set(FormOf(run, with_source), {run.run.data, run.run.PayloadBytes()});
  const int fd = SocketOf(run.to.remote.address.family).fd;
  if (::sendmsg(fd, &again_.header(), kFlags) < 0) return errno;
  CountSent(run.run);
  return 0;
}

void SendQueue::CountSent(const Run& run) {
  counters_->udp_send_runs.Add();
  counters_->udp_send_segments.Add(run.count);
  counters_->udp_send_bytes.Add(run.PayloadBytes());
}

void SendQueue::ReportUnusableSource(PeerId peer) {
  const std::span<const PeerId> known = unusable_sources();
  if (std::find(known.begin(), known.end(), peer) != known.end()) return;
  if (unusable_source_count_ == unusable_sources_.size()) return;
  unusable_sources_[unusable_source_count_++] = peer;
}

}  // namespace ringwire::platform
