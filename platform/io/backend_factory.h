#ifndef RINGWIRE_PLATFORM_IO_BACKEND_FACTORY_H_
#define RINGWIRE_PLATFORM_IO_BACKEND_FACTORY_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/io/io_backend.h"
#include "platform/io/io_faults.h"
#include "platform/io/offload/capability_ladder.h"
#include "platform/io/slots.h"

namespace ringwire::platform {

class Ring;

// The resources of a backend. The caller owns the descriptors, which outlive the backend.
struct BackendOptions {
  int tun_fd = -1;
  int udp_v4_fd = -1;  // -1: none
  int udp_v6_fd = -1;
  WorkerCounters* counters = nullptr;
  CapabilityLadder* ladder = nullptr;  // of the device
  IoFaults* faults = nullptr;          // nullptr: the kernel alone decides what fails
  // Longer datagrams or trains are marked as truncated; at most kDatagramBytesMax.
  uint32_t datagram_bytes_max = kDatagramBytesMax;
  // io_uring only: a ring from SetUpRing(), for this backend alone; nullptr: Start() sets one up.
  std::shared_ptr<Ring> ring;
};

// Does the one step of io_uring that may need privileges (kernel.io_uring_disabled = 1) in advance,
// on any thread. The error says what was refused.
absl::StatusOr<std::shared_ptr<Ring>> SetUpRing();

std::unique_ptr<IoBackend> MakeIoUringBackend(const BackendOptions& options);
std::unique_ptr<IoBackend> MakeEpollBackend(const BackendOptions& options);

// Proves on this machine, with a TUN device of its own and a real packet read from it, that all the
// io_uring calls in use work. If a multishot request that is on in `ladder` does not work, refuses
// it there and tests the rest without it. The error says which step was refused (set-up, opcode,
// read) and why. Creates and removes a short-lived device; leaves nothing behind. `faults` is for
// tests.
absl::Status ProbeIoUring(CapabilityLadder* ladder, IoFaults* faults = nullptr);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_BACKEND_FACTORY_H_
