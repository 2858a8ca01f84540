#include "platform/names/tunnel_safe_resolver.h"

#include <ares.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>

#include "platform/base/unique_fd.h"
#include "platform/names/endpoint_resolver.h"
#include "platform/names/resolver_sockets.h"

namespace ringwire::platform {
namespace {

constexpr int kTimeoutMs = 2000;  // of a server's first answer; c-ares doubles it
constexpr int kTries = 2;
constexpr char kResolvedStub[] = "127.0.0.53:53";
constexpr char kResolvConf[] = "/etc/resolv.conf";
constexpr char kBehindResolved[] = "/run/systemd/resolve/resolv.conf";
constexpr char kDefaultServer[] = "127.0.0.1:53";  // where that file names none

struct DestroyChannel {
  void operator()(ares_channel channel) const { ::ares_destroy(channel); }
};
using Channel = std::unique_ptr<ares_channeldata, DestroyChannel>;
struct FreeAddresses {
  void operator()(ares_addrinfo* list) const { ::ares_freeaddrinfo(list); }
};

absl::Status Error(int status) { return absl::NotFoundError(::ares_strerror(status)); }

// `lookups`: f for /etc/hosts, b for DNS.
absl::StatusOr<Channel> MakeChannel(const char* lookups) {
  static const int library = ::ares_library_init(ARES_LIB_INIT_ALL);
  if (library != ARES_SUCCESS) return Error(library);
  std::string lookup_order(lookups);
  ares_options options{};
  options.timeout = kTimeoutMs;
  options.tries = kTries;
  options.lookups = lookup_order.data();
  ares_channel channel = nullptr;
  const int status = ::ares_init_options(&channel, &options,
                                         ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS);
  if (status != ARES_SUCCESS) return Error(status);
  return Channel(channel);
}

// Not by c-ares, which leaves servers out whose address has a zone.
std::string ServersIn(const char* path) {
  constexpr size_t kServersMax = 8;  // of which glibc asks 3
  constexpr uint16_t kDnsPort = 53;
  std::ifstream file(path);
  std::string text;
  size_t count = 0;
  for (std::string line; count < kServersMax && std::getline(file, line);) {
    std::istringstream words(line);
    std::string key;
    std::string value;
    if (!(words >> key >> value) || key != "nameserver") continue;
    std::optional<SocketAddress> server = NumericAddress(value);
    if (!server.has_value()) continue;
    server->port = kDnsPort;
    if (count++ > 0) text.push_back(',');
    text += server->ToString();
  }
  return text;
}

struct Answer {
  bool done = false;
  int status = ARES_SUCCESS;
  std::unique_ptr<ares_addrinfo, FreeAddresses> list;
};

void TakeAnswer(void* to, int status, int /*timeouts*/, ares_addrinfo* list) {
  auto* const answer = static_cast<Answer*>(to);
  answer->done = true;
  answer->status = status;
  answer->list.reset(list);
}

void WaitForAnswer(const Channel& channel, const Answer& answer) {
  while (!answer.done) {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
    const auto wanted = static_cast<unsigned>(
        ::ares_getsock(channel.get(), sockets.data(), static_cast<int>(sockets.size())));
    std::array<pollfd, ARES_GETSOCK_MAXNUM> waits{};
    nfds_t count = 0;
    for (unsigned i = 0; i < sockets.size(); ++i) {
      const bool reads = (wanted >> i & 1U) != 0;
      const bool writes = (wanted >> (i + ARES_GETSOCK_MAXNUM) & 1U) != 0;
      if (!reads && !writes) continue;
      const auto events = static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
      waits[count++] = {sockets[i], events, 0};
    }
    timeval most{kTimeoutMs / 1000, 0};
    timeval left{};
    const timeval* const wait = ::ares_timeout(channel.get(), &most, &left);
    ::poll(waits.data(), count, static_cast<int>(wait->tv_sec * 1000 + wait->tv_usec / 1000 + 1));
    bool any = false;
    for (nfds_t i = 0; i < count; ++i) {
      if (waits[i].revents == 0) continue;
      any = true;
      const bool writable = (waits[i].revents & POLLOUT) != 0;
      const bool readable = (waits[i].revents & ~POLLOUT) != 0;  // also of errors
      ::ares_process_fd(channel.get(), readable ? waits[i].fd : ARES_SOCKET_BAD,
                        writable ? waits[i].fd : ARES_SOCKET_BAD);
    }
    if (!any) ::ares_process_fd(channel.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }
}

// Whether a datagram would find a way there; none is sent.
bool IsReachable(const ares_addrinfo_node& node, uint32_t mark) {
  const UniqueFd probe(::socket(node.ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!probe.valid() || !QuestionSockets::SetMark(probe.get(), mark)) return false;
  sockaddr_storage address{};
  std::memcpy(&address, node.ai_addr, std::min<size_t>(node.ai_addrlen, sizeof(address)));
  constexpr uint16_t kAnyPort = 53;
  if (node.ai_family == AF_INET) {
    reinterpret_cast<sockaddr_in*>(&address)->sin_port = htons(kAnyPort);
  } else {
    reinterpret_cast<sockaddr_in6*>(&address)->sin6_port = htons(kAnyPort);
  }
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), node.ai_addrlen) == 0;
}

std::vector<SocketAddress> InOrder(const ares_addrinfo& list, uint32_t mark) {
  struct Candidate {
    bool reachable;
    size_t index;  // in the answer
    SocketAddress address;
  };
  std::vector<Candidate> candidates;
  for (const ares_addrinfo_node* node = list.nodes; node != nullptr; node = node->ai_next) {
    const std::optional<SocketAddress> address = SocketAddressOf(node->ai_addr);
    if (!address.has_value()) continue;
    candidates.push_back({IsReachable(*node, mark), candidates.size(), *address});
  }
  std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
    if (a.reachable != b.reachable) return a.reachable;
    const IpFamily family_a = a.address.address.family;
    const IpFamily family_b = b.address.address.family;
    return family_a != family_b ? family_a == IpFamily::kV6 : a.index < b.index;
  });
  std::vector<SocketAddress> addresses;
  for (const Candidate& candidate : candidates) addresses.push_back(candidate.address);
  return addresses;
}

}  // namespace

std::string ReadNameServers() {
  std::string servers = ServersIn(kResolvConf);
  if (servers == kResolvedStub) {
    std::string behind = ServersIn(kBehindResolved);
    if (!behind.empty()) return behind;
  }
  return servers.empty() ? kDefaultServer : servers;
}

absl::StatusOr<std::vector<SocketAddress>> LookUpByMark(const std::string& host,
                                                        const MarkedQuestions& questions) {
  QuestionSockets sockets(questions.mark,
                          questions.servers.empty() ? ReadNameServers() : questions.servers);
  absl::StatusOr<Channel> channel = MakeChannel(questions.hosts_only ? "f" : "fb");
  if (!channel.ok()) return channel.status();
  const int served = sockets.Serve(channel->get());
  if (served != ARES_SUCCESS) return Error(served);
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = ARES_AI_NOSORT;  // that would go by the routes of sockets without the mark
  Answer answer;
  ::ares_getaddrinfo(channel->get(), host.c_str(), nullptr, &hints, &TakeAnswer, &answer);
  WaitForAnswer(*channel, answer);
  if (answer.status != ARES_SUCCESS) return Error(answer.status);
  std::vector<SocketAddress> addresses = InOrder(*answer.list, questions.mark);
  if (addresses.empty()) return absl::NotFoundError("no IPv4 or IPv6 address");
  return addresses;
}

}  // namespace ringwire::platform
