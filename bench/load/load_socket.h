#ifndef RINGWIRE_BENCH_LOAD_LOAD_SOCKET_H_
#define RINGWIRE_BENCH_LOAD_LOAD_SOCKET_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace ringwire::bench {

// Ends the program with a message, and errno if that is not 0.
[[noreturn]] void Fail(const std::string& what);

// A received datagram.
struct Arrived {
  uint32_t local = 0;  // the address that it was sent to: IPv4, host order
  std::span<const uint8_t> bytes;
};

// A UDP socket that sends batches to one address, each datagram from a source address of its own.
// The addresses must be local: `ip route add local 10.64.0.0/10 dev lo`.
class LoadSocket {
 public:
  static constexpr size_t kBatch = 64;
  static constexpr size_t kBytesMax = 65'507;

  explicit LoadSocket(const sockaddr_in& to);
  ~LoadSocket();
  LoadSocket(const LoadSocket&) = delete;
  LoadSocket& operator=(const LoadSocket&) = delete;

  // Sends to another address from now on.
  void Aim(const sockaddr_in& to) { to_ = to; }
  // The place for the next datagram; send the batch when it is full.
  std::span<uint8_t> Reserve() { return {buffers_[count_].data(), buffers_[count_].size()}; }
  // Adds the reserved datagram. `source` 0: the kernel chooses the address.
  void Add(size_t bytes, uint32_t source);
  bool is_full() const { return count_ == kBatch; }
  // Sends the batch. Returns how many datagrams the kernel took.
  size_t Send();

  // Calls `take` for each datagram that has come; waits `timeout_ms` for the first one.
  void Receive(int timeout_ms, const std::function<void(const Arrived&)>& take);

 private:
  struct alignas(cmsghdr) Control {
    std::array<uint8_t, CMSG_SPACE(sizeof(in_pktinfo))> bytes{};
  };

  int fd_ = -1;
  sockaddr_in to_;
  size_t count_ = 0;
  std::vector<std::vector<uint8_t>> buffers_;
  std::array<Control, kBatch> controls_;
  std::array<iovec, kBatch> parts_;
  std::array<mmsghdr, kBatch> messages_;
  std::vector<std::vector<uint8_t>> received_;
};

// Tells how many datagrams are due by now at a rate. A sender that was held up does not catch up in
// a burst.
class Pace {
 public:
  // `per_second` 0: as many as the machine sends.
  explicit Pace(double per_second) : per_second_(per_second) {}

  // At most `most`; sleeps shortly if none is due.
  size_t Due(size_t most);
  void Sent(size_t count) { sent_ += count; }
  double seconds() const;
  uint64_t sent() const { return sent_; }

 private:
  using Clock = std::chrono::steady_clock;
  const double per_second_;
  const Clock::time_point begin_ = Clock::now();
  uint64_t sent_ = 0;
  uint64_t forgiven_ = 0;
};

}  // namespace ringwire::bench

#endif  // RINGWIRE_BENCH_LOAD_LOAD_SOCKET_H_
