#include "bench/e2e/packet_blast.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>

namespace ringwire::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kBatch = 64;
constexpr size_t kHeaderBytes = sizeof(iphdr) + sizeof(udphdr);
constexpr size_t kPayloadBytesMax = 65535 - kHeaderBytes;
constexpr uint16_t kSourcePort = 40000;

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "udp_blast: cannot %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

uint32_t SumOf(std::span<const uint8_t> bytes, uint32_t sum) {
  for (size_t i = 0; i < bytes.size(); ++i) sum += i % 2 == 0 ? uint32_t{bytes[i]} << 8 : bytes[i];
  return sum;
}

uint16_t Checksum(uint32_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return htons(static_cast<uint16_t>(~sum));
}

// An IPv4 packet with both checksums: a gateway that merges packets looks at them.
std::vector<uint8_t> MakePacket(in_addr from, in_addr to, uint16_t port, size_t payload_bytes) {
  std::vector<uint8_t> packet(kHeaderBytes + payload_bytes, 0x5a);
  iphdr ip{};
  ip.version = 4;
  ip.ihl = sizeof(ip) / 4;
  ip.tot_len = htons(static_cast<uint16_t>(packet.size()));
  ip.frag_off = htons(IP_DF);
  ip.ttl = 64;
  ip.protocol = IPPROTO_UDP;
  ip.saddr = from.s_addr;
  ip.daddr = to.s_addr;
  std::memcpy(packet.data(), &ip, sizeof(ip));
  ip.check = Checksum(SumOf(std::span(packet).first(sizeof(ip)), 0));
  std::memcpy(packet.data(), &ip, sizeof(ip));

  const std::span<uint8_t> datagram = std::span(packet).subspan(sizeof(ip));
  udphdr udp{};
  udp.source = htons(kSourcePort);
  udp.dest = htons(port);
  udp.len = htons(static_cast<uint16_t>(datagram.size()));
  std::memcpy(datagram.data(), &udp, sizeof(udp));
  const std::span<const uint8_t> addresses = std::span(packet).subspan(offsetof(iphdr, saddr), 8);
  const uint32_t pseudo = SumOf(addresses, IPPROTO_UDP + static_cast<uint32_t>(datagram.size()));
  udp.check = Checksum(SumOf(datagram, pseudo));
  std::memcpy(datagram.data(), &udp, sizeof(udp));
  return packet;
}

// The receiver of a packet socket's packets: an interface, and an address behind it.
sockaddr_ll LinkAddress(const std::string& interface, const std::string& mac) {
  sockaddr_ll link{};
  link.sll_family = AF_PACKET;
  link.sll_protocol = htons(ETH_P_IP);
  link.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
  if (link.sll_ifindex == 0) Fail("find the interface " + interface);
  if (mac == "-") return link;
  std::array<unsigned, ETH_ALEN> bytes{};
  if (std::sscanf(mac.c_str(), "%x:%x:%x:%x:%x:%x", &bytes[0], &bytes[1], &bytes[2], &bytes[3],
                  &bytes[4], &bytes[5]) != ETH_ALEN) {
    errno = EINVAL;
    Fail("read the address " + mac);
  }
  link.sll_halen = ETH_ALEN;
  for (size_t i = 0; i < bytes.size(); ++i) link.sll_addr[i] = static_cast<uint8_t>(bytes[i]);
  return link;
}

int OpenPacketSocket() {
  const int fd = socket(AF_PACKET, SOCK_DGRAM, 0);  // protocol 0: it receives nothing
  if (fd < 0) Fail("open a packet socket");
  const int on = 1;
  if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) != 0) {
    Fail("pass by the queueing discipline");
  }
  return fd;
}

}  // namespace

int BlastPackets(const std::vector<std::string>& words) {
  in_addr from{}, to{};
  const long payload_bytes = std::atol(words[5].c_str());
  if (inet_pton(AF_INET, words[2].c_str(), &from) != 1 ||
      inet_pton(AF_INET, words[3].c_str(), &to) != 1 || payload_bytes < 0 ||
      static_cast<size_t>(payload_bytes) > kPayloadBytesMax) {
    errno = EINVAL;
    Fail("read the addresses and the size");
  }
  const double seconds = std::atof(words[6].c_str());
  std::vector<uint8_t> packet =
      MakePacket(from, to, static_cast<uint16_t>(std::atoi(words[4].c_str())),
                 static_cast<size_t>(payload_bytes));
  sockaddr_ll link = LinkAddress(words[0], words[1]);
  const int fd = OpenPacketSocket();
  iovec part{packet.data(), packet.size()};
  std::array<mmsghdr, kBatch> messages{};
  for (mmsghdr& message : messages) {
    message.msg_hdr.msg_name = &link;
    message.msg_hdr.msg_namelen = sizeof(link);
    message.msg_hdr.msg_iov = &part;
    message.msg_hdr.msg_iovlen = 1;
  }

  const Clock::time_point begin = Clock::now();
  uint64_t offered = 0, refused = 0;
  double elapsed = 0;
  while ((elapsed = std::chrono::duration<double>(Clock::now() - begin).count()) < seconds) {
    const int done = sendmmsg(fd, messages.data(), kBatch, 0);
    if (done < 0 && errno != ENOBUFS && errno != EINTR) Fail("send to " + words[0]);
    refused += done < 0;
    offered += done < 0 ? 1 : static_cast<uint64_t>(done);
  }
  std::printf(
      "{\"offered\": %llu, \"refused\": %llu, \"seconds\": %.6f, \"offered_per_s\": %.1f}\n",
      static_cast<unsigned long long>(offered), static_cast<unsigned long long>(refused), elapsed,
      static_cast<double>(offered) / elapsed);
  close(fd);
  return 0;
}

}  // namespace ringwire::bench
