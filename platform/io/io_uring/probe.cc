#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/counters.h"
#include "platform/base/clock.h"
#include "platform/base/unique_fd.h"
#include "platform/io/backend_factory.h"
#include "platform/io/probe_device.h"

namespace ringwire::platform {
namespace {

// Both packets are there before the first look; this is for a machine that is busy elsewhere.
constexpr absl::Duration kProbePatience = absl::Seconds(1);
constexpr int kPollMilliseconds = 5;

// IPv4, 192.0.2.1 to 192.0.2.2, with a header checksum that is wrong: TUN takes it, and the host
// drops it at once.
constexpr std::array<uint8_t, kTunHeaderBytes + 20> kWrittenFrame{
    0,    0, 0, 0,  0, 0, 0, 0, 0, 0,  // no offload
    0x45, 0, 0, 20, 0, 0, 0, 0, 1, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2};

// Reads until a packet and a datagram were seen.
absl::Status AwaitBoth(IoBackend* backend, WorkerCounters* counters) {
  const Instant deadline = BootNow() + kProbePatience;
  bool frame_seen = false;
  bool datagram_seen = false;
  while (BootNow() < deadline) {
    if (absl::Status status = backend->Flush(); !status.ok()) return status;
    frame_seen = frame_seen || !backend->tun_batch().empty();
    datagram_seen = datagram_seen || !backend->udp_batch().empty();
    backend->Release();
    if (counters->Dropped(DropReason::kTunWriteFailed) > 0) {
      return absl::UnavailableError("io_uring: the write to a TUN device was refused");
    }
    if (frame_seen && datagram_seen) return absl::OkStatus();
    ::poll(nullptr, 0, kPollMilliseconds);
  }
  return absl::DeadlineExceededError(
      absl::StrCat("io_uring: ",
                   frame_seen ? "RECVMSG brought no datagram"
                              : "READ_MULTISHOT brought no packet from a TUN device",
                   " within a second"));
}

}  // namespace

absl::Status ProbeIoUring() {
  const absl::StatusOr<TunDevice> device = MakeProbeDevice();
  if (!device.ok()) return device.status();
  // A pair of our own in place of a UDP socket: multishot recvmsg is the same, and it works where
  // no address does.
  std::array<int, 2> pair{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return absl::ErrnoToStatus(errno, "open a pair of sockets");
  }
  const UniqueFd receiver(pair[0]);
  const UniqueFd sender(pair[1]);

  WorkerCounters counters;
  BackendOptions options;
  options.tun_fd = device->queues.front().get();
  options.udp_v4_fd = receiver.get();
  options.counters = &counters;
  const std::unique_ptr<IoBackend> backend = MakeIoUringBackend(options);
  if (absl::Status status = backend->Start(); !status.ok()) return status;
  // Armed before the packets come, as in service: these completions take the way by the poll.
  absl::Status status = backend->Flush();
  backend->Release();
  if (status.ok()) status = ProvokeFrame(*device);
  constexpr std::array<uint8_t, 4> kBytes{};
  if (status.ok() && ::send(sender.get(), kBytes.data(), kBytes.size(), MSG_DONTWAIT) < 0) {
    status = absl::ErrnoToStatus(errno, "send to a socket of our own");
  }
  if (status.ok()) {
    auto frame = kWrittenFrame;
    const Piece piece{frame.data(), static_cast<uint32_t>(frame.size())};
    const TunWrite write{0, 1, 1, piece.size};
    backend->WriteTun({{&write, 1}, {&piece, 1}});
    status = AwaitBoth(backend.get(), &counters);
  }
  backend->Stop();
  return status;
}

}  // namespace ringwire::platform
