#ifndef RINGWIRE_PLATFORM_IO_EPOLL_EPOLL_BACKEND_H_
#define RINGWIRE_PLATFORM_IO_EPOLL_EPOLL_BACKEND_H_

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "core/datapath/batch.h"
#include "platform/base/unique_fd.h"
#include "platform/io/queueing_backend.h"
#include "platform/io/slots.h"

namespace ringwire::platform {

// The same contract with plain system calls, used if io_uring is refused: epoll, read, recvmmsg,
// sendmmsg, writev. Level-triggered: input that does not fit in a batch is reported again. The
// slots are filled from the first one on, so a quiet tunnel stays in a few warm pages.
class EpollBackend final : public QueueingBackend {
 public:
  explicit EpollBackend(const BackendOptions& options) : QueueingBackend(options) {}

  std::string_view name() const override { return "epoll"; }
  absl::Status Start() override;
  absl::Status Wait() override;
  absl::Status Flush() override;
  void Stop() override;
  std::span<const TunFrame> tun_batch() const override {
    return std::span(frames_).subspan(first_frame_, frame_count_ - first_frame_);
  }
  std::span<const ReceivedRun> udp_batch() const override { return {runs_.data(), run_count_}; }
  void ReleaseBut(size_t frames_kept) override;
  absl::Status ReplaceSockets(int udp_v4_fd, int udp_v6_fd) override;

 private:
  void Submit() override;
  size_t SendStretch(size_t first);
  absl::Status Watch(int fd);
  void Forget(int fd);
  absl::Status Collect(int timeout_ms);
  absl::Status ReadTun();
  void Receive(int fd, size_t slots_max);
  void PrepareSlots();

  UniqueFd epoll_;
  int udp_v4_fd_ = -1;
  int udp_v6_fd_ = -1;
  SlotSlab tun_slots_;
  SlotSlab udp_slots_;
  std::array<TunFrame, kTunSlots> frames_{};
  // Frames from here to frame_count_ are in hand or were put off: then TUN is not read until they
  // are done.
  size_t first_frame_ = 0;
  size_t frame_count_ = 0;
  std::array<ReceivedRun, kUdpSlots> runs_{};
  size_t run_count_ = 0;
  bool in_hand_ = false;  // a batch that is not released
  std::array<mmsghdr, kUdpSlots> messages_{};
  std::array<iovec, kUdpSlots> payloads_{};
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_EPOLL_EPOLL_BACKEND_H_
