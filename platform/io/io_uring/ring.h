#ifndef RINGWIRE_PLATFORM_IO_IO_URING_RING_H_
#define RINGWIRE_PLATFORM_IO_IO_URING_RING_H_

#include <liburing.h>

#include <cstdint>
#include <span>

#include "absl/status/status.h"

namespace ringwire::platform {

// The kind of a completion. Completions carry this and an index, never a pointer: a stale one is
// ignored.
enum class RingOp : uint8_t {
  kTunRead = 1,
  kUdpV4Receive,
  kUdpV6Receive,
  kWakePoll,
  kUdpSend,
  kTunWrite,
  kCancel,
};

struct RingTag {
  RingOp op;
  uint32_t index = 0;

  uint64_t Pack() const { return uint64_t{static_cast<uint8_t>(op)} << 56 | index; }
  static RingTag Unpack(uint64_t user_data) {
    return {static_cast<RingOp>(user_data >> 56), static_cast<uint32_t>(user_data)};
  }
};

// The slots in the ring's table of files.
enum RingFile : int { kTunFile = 0, kUdpV4File = 1, kUdpV6File = 2, kWakeFile = 3, kRingFiles = 4 };

// One io_uring, for one thread: the thread that enables it is the only one that may use it.
class Ring {
 public:
  Ring() = default;
  ~Ring() { Close(); }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // Makes the ring, not yet enabled, and checks that it has the operations that we need. Any
  // thread: kernel.io_uring_disabled reserves this step for privileged processes. The error names
  // what was refused.
  absl::Status SetUp();
  // Puts `files` (-1: empty slot) into its table; sets the ring up if necessary.
  absl::Status Open(std::span<const int, kRingFiles> files);
  // A buffer ring of `entries` slots at `memory`, page-aligned.
  absl::Status RegisterBuffers(uint16_t group, void* memory, uint32_t entries);
  // Restricts the ring to the operations that we use, and enables it.
  absl::Status Enable();
  absl::Status ReplaceFile(RingFile place, int fd);
  // Releases all files at once; closing the ring would do so later. Pending requests must have
  // ended.
  void ReleaseFiles();
  void Close();
  bool open() const { return open_; }
  // READ_MULTISHOT, from Linux 6.7. Only after SetUp.
  bool knows_read_multishot() const { return knows_read_multishot_; }

  // A request to fill in; submits queued ones if there is no room. nullptr: the kernel accepts
  // none.
  io_uring_sqe* Next(RingTag tag);
  // Submits everything, then waits for `wait_for` completions (0: collects what there is). Also OK
  // if a signal came first.
  absl::Status Enter(unsigned wait_for);
  // Calls `handle(RingTag, int result, uint32_t flags)` for every completion present.
  template <typename Handle>
  void Drain(Handle&& handle) {
    io_uring_cqe* completion = nullptr;
    while (io_uring_peek_cqe(&ring_, &completion) == 0) {
      const RingTag tag = RingTag::Unpack(completion->user_data);
      const int result = completion->res;
      const uint32_t flags = completion->flags;
      io_uring_cqe_seen(&ring_, completion);
      handle(tag, result, flags);
    }
  }

 private:
  absl::Status CheckOperations();
  absl::Status Restrict();

  io_uring ring_{};
  bool open_ = false;
  bool knows_read_multishot_ = false;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_IO_URING_RING_H_
