#include "platform/names/resolver_process.h"

#include <ares.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/names/endpoint_resolver.h"
#include "platform/names/packet_channel.h"
#include "platform/names/resolver_files.h"
#include "platform/names/resolver_messages.h"
#include "platform/names/server_sockets.h"
#include "platform/process/own_program.h"
#include "platform/process/report_error.h"
#include "platform/sandbox/confinement.h"

namespace ringwire::platform {
namespace {

constexpr int kTimeoutMs = 2000;  // of a server's first answer; c-ares doubles it
constexpr int kTries = 2;
// Maximum of a file: lists of blocked names are long.
constexpr size_t kFileBytesMax = size_t{64} << 20;

using Addresses = absl::StatusOr<std::vector<SocketAddress>>;

struct DestroyChannel {
  void operator()(ares_channel channel) const { ::ares_destroy(channel); }
};
using Channel = std::unique_ptr<ares_channeldata, DestroyChannel>;
struct FreeAddresses {
  void operator()(ares_addrinfo* list) const { ::ares_freeaddrinfo(list); }
};

absl::Status Error(int status) { return absl::NotFoundError(::ares_strerror(status)); }

// Passes everything that c-ares would read from files, except its source of random numbers.
absl::StatusOr<Channel> MakeChannel() {
  const int library = ::ares_library_init(ARES_LIB_INIT_ALL);
  if (library != ARES_SUCCESS) return Error(library);
  std::string by_dns = "b";
  ares_options options{};
  options.flags = ARES_FLAG_NOALIASES;
  options.timeout = kTimeoutMs;
  options.tries = kTries;
  options.ndots = 1;
  options.lookups = by_dns.data();
  constexpr int kGiven = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                         ARES_OPT_LOOKUPS | ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_SORTLIST;
  ares_channel channel = nullptr;
  const int status = ::ares_init_options(&channel, &options, kGiven);
  if (status != ARES_SUCCESS) return Error(status);
  return Channel(channel);
}

std::string Read(const UniqueFd& file) {
  std::string text;
  std::array<char, 65536> chunk;
  while (text.size() < kFileBytesMax) {
    const ssize_t size =
        ::pread(file.get(), chunk.data(), chunk.size(), static_cast<off_t>(text.size()));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    text.append(chunk.data(), static_cast<size_t>(size));
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

void WaitForAnswer(ares_channel channel, const Answer& answer) {
  while (!answer.done) {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
    const auto wanted = static_cast<unsigned>(
        ::ares_getsock(channel, sockets.data(), static_cast<int>(sockets.size())));
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
    const timeval* const wait = ::ares_timeout(channel, &most, &left);
    ::poll(waits.data(), count, static_cast<int>(wait->tv_sec * 1000 + wait->tv_usec / 1000 + 1));
    bool any = false;
    for (nfds_t i = 0; i < count; ++i) {
      if (waits[i].revents == 0) continue;
      any = true;
      const bool writable = (waits[i].revents & POLLOUT) != 0;
      const bool readable = (waits[i].revents & ~POLLOUT) != 0;  // also of errors
      ::ares_process_fd(channel, readable ? waits[i].fd : ARES_SOCKET_BAD,
                        writable ? waits[i].fd : ARES_SOCKET_BAD);
    }
    if (!any) ::ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }
}

class Resolver {
 public:
  Resolver(PacketChannel supervisor, Channel channel)
      : supervisor_(std::move(supervisor)),
        sockets_([this](size_t server, bool is_stream) { return AskForSocket(server, is_stream); }),
        channel_(std::move(channel)) {}

  // Runs until the supervisor is gone or sends an invalid message.
  void Serve();

 private:
  Addresses LookUp(const ResolverQuestion& question, std::vector<UniqueFd> files);
  Addresses AskServers(const std::string& name);
  UniqueFd AskForSocket(size_t server, bool is_stream);

  PacketChannel supervisor_;
  uint32_t id_ = 0;  // of the question at hand
  ServerSockets sockets_;
  const Channel channel_;
};

void Resolver::Serve() {
  while (true) {
    absl::StatusOr<PacketChannel::Packet> packet = supervisor_.Receive();
    if (!packet.ok()) return;
    const auto question = MessageIn<ResolverQuestion>(packet->bytes);
    if (!question.has_value()) continue;  // a socket that comes too late
    id_ = question->id;
    const ResolverAnswer answer =
        MakeAnswer(id_, LookUp(*question, std::move(packet->descriptors)));
    if (!supervisor_.Send(BytesOf(answer)).ok()) return;
  }
}

Addresses Resolver::LookUp(const ResolverQuestion& question, std::vector<UniqueFd> files) {
  const size_t hosts = question.has_hosts;
  if (files.size() != hosts + question.has_resolv_conf)
    return absl::InternalError("files are missing");
  const std::string name(question.Name());
  if (hosts > 0) {
    std::vector<SocketAddress> found = AddressesInHosts(Read(files.front()), name);
    if (!found.empty()) return found;
  }
  if (question.servers == 0) return absl::NotFoundError("not in the hosts file");
  // Also closes the sockets of the previous question: each question uses new ports.
  const int served = sockets_.Serve(channel_.get(), question.servers);
  if (served != ARES_SUCCESS) return Error(served);
  const std::string resolv_conf =
      question.has_resolv_conf != 0 ? Read(files.back()) : std::string();
  Addresses found = absl::NotFoundError("no such name");
  for (const std::string& next : NamesToAsk(resolv_conf, name)) {
    found = AskServers(next);
    if (found.ok() || !absl::IsNotFound(found.status())) break;
  }
  return found;
}

// NotFound: the servers have no address. Unavailable: they do not answer.
Addresses Resolver::AskServers(const std::string& name) {
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = ARES_AI_NOSORT;  // that would go by the routes of sockets without the mark
  Answer answer;
  ::ares_getaddrinfo(channel_.get(), name.c_str(), nullptr, &hints, &TakeAnswer, &answer);
  WaitForAnswer(channel_.get(), answer);
  const bool is_known = answer.status == ARES_ENOTFOUND || answer.status == ARES_ENODATA;
  if (answer.status != ARES_SUCCESS) {
    const absl::Status error = Error(answer.status);
    return is_known ? error : absl::UnavailableError(error.message());
  }
  std::vector<SocketAddress> addresses;
  for (const ares_addrinfo_node* node = answer.list->nodes; node != nullptr; node = node->ai_next) {
    const std::optional<SocketAddress> address = SocketAddressOf(node->ai_addr);
    if (address.has_value()) addresses.push_back(*address);
  }
  if (addresses.empty()) return absl::NotFoundError("no IPv4 or IPv6 address");
  return addresses;
}

UniqueFd Resolver::AskForSocket(size_t server, bool is_stream) {
  const ResolverWish wish{id_, static_cast<uint8_t>(server), is_stream ? uint8_t{1} : uint8_t{0}};
  if (!supervisor_.Send(BytesOf(wish)).ok()) return UniqueFd();
  absl::StatusOr<PacketChannel::Packet> packet = supervisor_.Receive();
  if (!packet.ok()) ::_exit(kExitSuccess);  // it is gone, and c-ares would go on asking
  const auto socket = MessageIn<ResolverSocket>(packet->bytes);
  if (!socket.has_value() || socket->id != id_ || packet->descriptors.size() != 1)
    return UniqueFd();
  return std::move(packet->descriptors.front());
}

}  // namespace

int RunResolver(UniqueFd channel, pid_t supervisor) {
  absl::StatusOr<Channel> names = MakeChannel();
  if (!names.ok()) return kExitFailure;
  ::prctl(PR_SET_NAME, "rw-resolver", 0, 0, 0);
  Resolver resolver(PacketChannel(std::move(channel)), *std::move(names));
  absl::StatusOr<Confinement> confinement =
      Confinement::GiveUpRights({.role = SandboxRole::kResolver, .parent = supervisor});
  if (!confinement.ok() || !confinement->Seal().ok()) return kExitFailure;
  resolver.Serve();
  return kExitSuccess;
}

bool IsResolverProgram(int argc, char** argv) {
  return argc == 2 && std::string_view(argv[0]) == kResolverProgram;
}

int RunResolverProgram(int /*argc*/, char** argv) {
  const std::string_view text = argv[1];
  pid_t supervisor = 0;
  std::from_chars(text.data(), text.data() + text.size(), supervisor);
  return RunResolver(UniqueFd(kOwnProgramChannel), supervisor);
}

}  // namespace ringwire::platform
