#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/counters.h"
#include "core/base/status_macros.h"
#include "platform/base/clock.h"
#include "platform/base/unique_fd.h"
#include "platform/io/backend_factory.h"
#include "platform/io/offload/probe_device.h"

namespace ringwire::platform {
namespace {

// Both packets are present before the first look; the wait is for a busy machine.
constexpr absl::Duration kProbePatience = absl::Seconds(1);
constexpr int kPollMilliseconds = 5;

// IPv4, 192.0.2.1 to 192.0.2.2, with a wrong header checksum: TUN accepts it, and the host drops it
// at once.
constexpr std::array<uint8_t, kTunHeaderBytes + 20> kWrittenFrame{
    0,    0, 0, 0,  0, 0, 0, 0, 0, 0,  // no offload
    0x45, 0, 0, 20, 0, 0, 0, 0, 1, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2};

// What a test has received so far.
struct Arrived {
  bool frame = false;
  bool datagram = false;
};

// Reads until a packet and a datagram were seen.
absl::Status AwaitBoth(IoBackend* backend, const WorkerCounters& counters, Arrived* arrived) {
  const Instant deadline = BootNow() + kProbePatience;
  while (BootNow() < deadline) {
    RETURN_IF_ERROR(backend->Flush());
    arrived->frame = arrived->frame || !backend->tun_batch().empty();
    arrived->datagram = arrived->datagram || !backend->udp_batch().empty();
    backend->Release();
    if (counters.Dropped(DropReason::kTunWriteFailed) > 0) {
      return absl::UnavailableError("io_uring: the write to a TUN device was refused");
    }
    if (arrived->frame && arrived->datagram) return absl::OkStatus();
    ::poll(nullptr, 0, kPollMilliseconds);
  }
  return absl::DeadlineExceededError(
      absl::StrCat("io_uring: no ", arrived->frame ? "datagram was received" : "packet was read",
                   " within a second"));
}

// Sends one packet each way through a backend with the requests that are on in `ladder`.
absl::Status Exercise(IoBackend* backend, const TunDevice& device, const WorkerCounters& counters,
                      int sender_fd, Arrived* arrived) {
  // Armed before the packets arrive, as in service: then completions come through the poll.
  RETURN_IF_ERROR(backend->Flush());
  backend->Release();
  RETURN_IF_ERROR(ProvokeFrame(device));
  constexpr std::array<uint8_t, 4> kBytes{};
  if (::send(sender_fd, kBytes.data(), kBytes.size(), MSG_DONTWAIT) < 0) {
    return absl::ErrnoToStatus(errno, "send to a socket of our own");
  }
  auto frame = kWrittenFrame;
  const Piece piece{frame.data(), static_cast<uint32_t>(frame.size())};
  const TunWrite write{0, 1, 1, piece.size};
  backend->WriteTun({{&write, 1}, {&piece, 1}});
  return AwaitBoth(backend, counters, arrived);
}

absl::Status Attempt(const TunDevice& device, CapabilityLadder* trial, IoFaults* faults,
                     Arrived* arrived) {
  // A socket pair instead of a UDP socket: multishot recvmsg is the same, and needs no address.
  std::array<int, 2> pair{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return absl::ErrnoToStatus(errno, "open a pair of sockets");
  }
  const UniqueFd receiver(pair[0]);
  const UniqueFd sender(pair[1]);

  WorkerCounters counters;
  BackendOptions options;
  options.tun_fd = device.queues.front().get();
  options.udp_v4_fd = receiver.get();
  options.counters = &counters;
  options.ladder = trial;
  options.faults = faults;
  const std::unique_ptr<IoBackend> backend = MakeIoUringBackend(options);
  RETURN_IF_ERROR(backend->Start());
  const absl::Status status = Exercise(backend.get(), device, counters, sender.get(), arrived);
  backend->Stop();
  return status;
}

// The multishot request to do without on the next try; nullopt: none.
std::optional<Offload> Blame(const CapabilityLadder& ladder, const Arrived& arrived) {
  if (!arrived.frame && ladder.IsOn(Offload::kMultishotRead)) return Offload::kMultishotRead;
  if (!arrived.datagram && ladder.IsOn(Offload::kMultishotRecvmsg)) {
    return Offload::kMultishotRecvmsg;
  }
  return std::nullopt;
}

}  // namespace

absl::Status ProbeIoUring(CapabilityLadder* ladder, IoFaults* faults) {
  ASSIGN_OR_RETURN(const TunDevice device, MakeProbeDevice());
  while (true) {
    OffloadSwitches switches;
    for (const Offload offload : {Offload::kMultishotRead, Offload::kMultishotRecvmsg}) {
      if (!ladder->IsOn(offload)) switches.SwitchOff(offload);
    }
    CapabilityLadder trial(switches, [](const std::string&) {});
    Arrived arrived;
    const absl::Status status = Attempt(device, &trial, faults, &arrived);
    for (const Offload offload : {Offload::kMultishotRead, Offload::kMultishotRecvmsg}) {
      const CapabilityLadder::Rung rung = trial.Read(offload);
      if (rung.state == RungState::kFell) ladder->Refuse(offload, rung.why);
    }
    if (!absl::IsDeadlineExceeded(status)) return status;
    const std::optional<Offload> blamed = Blame(*ladder, arrived);
    if (!blamed.has_value()) return status;
    ladder->Refuse(*blamed, std::string(status.message()));
  }
}

}  // namespace ringwire::platform
