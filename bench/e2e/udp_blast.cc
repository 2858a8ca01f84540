// Sends UDP like an ordinary program without segmentation offload, but faster than iperf3: one
// datagram per packet, at a fixed rate, through sendmmsg. The receiver counts.
//
//   udp_blast send ADDRESS PORT BYTES PACKETS_PER_SECOND SECONDS
//   udp_blast receive PORT        until SIGTERM
//   udp_blast frames INTERFACE MAC FROM TO PORT BYTES SECONDS      see packet_blast.h
//
// All end with a line of JSON. The sender has the default socket buffer, so it waits when the path
// accepts no more: `offered_per_s` is the rate that it could send.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "bench/e2e/packet_blast.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kBatch = 64;
constexpr size_t kBytesMax = 65507;

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "udp_blast: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// A batch of messages that share one buffer: the content does not matter, and the receiver discards
// it.
struct Batch {
  explicit Batch(size_t bytes) : buffer(bytes, 0x5a), part{buffer.data(), buffer.size()} {
    for (mmsghdr& message : messages) {
      message = {};
      message.msg_hdr.msg_iov = &part;
      message.msg_hdr.msg_iovlen = 1;
    }
  }
  std::vector<uint8_t> buffer;
  iovec part;
  std::array<mmsghdr, kBatch> messages;
};

struct SendOptions {
  sockaddr_in to{};
  size_t bytes = 0;
  double packets_per_second = 0;
  double seconds = 0;
};

int Send(const SendOptions& options) {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) Fail("socket");
  const auto* address = reinterpret_cast<const sockaddr*>(&options.to);
  if (connect(fd, address, sizeof(options.to)) != 0) Fail("connect");
  Batch batch(options.bytes);
  const Clock::time_point begin = Clock::now();
  uint64_t sent = 0;
  // If the path delayed the sender, overdue packets are not sent in a burst afterwards.
  uint64_t forgiven = 0;
  double elapsed = 0;
  while ((elapsed = SecondsSince(begin)) < options.seconds) {
    const auto due = static_cast<uint64_t>(elapsed * options.packets_per_second);
    if (due - forgiven < sent + kBatch / 4) {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
      continue;
    }
    if (due - forgiven > sent + 4 * kBatch) forgiven = due - sent - 4 * kBatch;
    const auto count = std::min<uint64_t>(kBatch, due - forgiven - sent);
    const int done = sendmmsg(fd, batch.messages.data(), static_cast<unsigned>(count), 0);
    // A packet that a full queue refuses counts as offered too.
    if (done < 0 && errno != ENOBUFS && errno != EINTR && errno != ECONNREFUSED) Fail("sendmmsg");
    sent += done < 0 ? 1 : static_cast<uint64_t>(done);
  }
  std::printf("{\"offered\": %llu, \"seconds\": %.6f, \"offered_per_s\": %.1f}\n",
              static_cast<unsigned long long>(sent), elapsed, static_cast<double>(sent) / elapsed);
  close(fd);
  return 0;
}

volatile sig_atomic_t stop = 0;

int Receive(uint16_t port) {
  struct sigaction action{};
  action.sa_handler = [](int) { stop = 1; };
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) Fail("socket");
  // The receiver itself must not lose packets.
  const int buffer_bytes = 16 << 20;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof(buffer_bytes)) != 0)
    Fail("SO_RCVBUFFORCE");
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_port = htons(port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&local), sizeof(local)) != 0)
    Fail("bind to port " + std::to_string(port));
  Batch batch(kBytesMax);
  uint64_t packets = 0, bytes = 0;
  Clock::time_point first, last;
  while (stop == 0) {
    pollfd waiting{fd, POLLIN, 0};
    if (poll(&waiting, 1, 20) <= 0) continue;  // the timeout catches a SIGTERM that came before
    const int count = recvmmsg(fd, batch.messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (count <= 0) continue;
    last = Clock::now();
    if (packets == 0) first = last;
    packets += static_cast<uint64_t>(count);
    for (size_t i = 0; i < static_cast<size_t>(count); ++i) bytes += batch.messages[i].msg_len;
  }
  std::printf("{\"packets\": %llu, \"bytes\": %llu, \"seconds\": %.6f}\n",
              static_cast<unsigned long long>(packets), static_cast<unsigned long long>(bytes),
              std::chrono::duration<double>(last - first).count());
  close(fd);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 2 && words[0] == "receive") {
    return Receive(static_cast<uint16_t>(std::atoi(words[1].c_str())));
  }
  if (words.size() == 8 && words[0] == "frames") {
    return ringwire::bench::BlastPackets({words.begin() + 1, words.end()});
  }
  SendOptions options;
  options.to.sin_family = AF_INET;
  if (words.size() != 6 || words[0] != "send" ||
      inet_pton(AF_INET, words[1].c_str(), &options.to.sin_addr) != 1) {
    std::fputs(
        "usage: udp_blast send ADDRESS PORT BYTES PACKETS_PER_SECOND SECONDS\n"
        "       udp_blast receive PORT\n"
        "       udp_blast frames INTERFACE MAC FROM TO PORT BYTES SECONDS\n",
        stderr);
    return 2;
  }
  options.to.sin_port = htons(static_cast<uint16_t>(std::atoi(words[2].c_str())));
  options.bytes = std::min(kBytesMax, static_cast<size_t>(std::atoi(words[3].c_str())));
  options.packets_per_second = std::atof(words[4].c_str());
  options.seconds = std::atof(words[5].c_str());
  return Send(options);
}
