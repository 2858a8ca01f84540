#include "platform/names/resolver_client.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/names/name_servers.h"
#include "platform/names/resolver_process.h"
#include "platform/process/own_program.h"

namespace ringwire::platform {
namespace {

// c-ares gives up earlier, after two tries of each server for each name of a search list.
constexpr absl::Duration kPatience = absl::Minutes(2);
// Sockets for one question: c-ares takes one for each server, and one more for a truncated answer.
constexpr int kSocketsMax = 64;
constexpr char kHostsFile[] = "/etc/hosts";
constexpr char kResolvConfFile[] = "/etc/resolv.conf";

// Pass only regular files: reading anything else may block.
UniqueFd OpenFile(const char* path) {
  UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  const bool is_file = file.valid() && ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode);
  return is_file ? std::move(file) : UniqueFd();
}

absl::Status Gone() {
  return absl::UnavailableError("the resolver process has ended; it is started again");
}

}  // namespace

ResolverClient::ResolverClient(Start start) : start_(std::move(start)) {}

absl::StatusOr<pid_t> ResolverClient::StartResolverProgram(PacketChannel its_end) {
  return StartOwnProgram({kResolverProgram, fmt::format("{}", ::getpid())}, its_end.fd());
}

absl::Status ResolverClient::Begin() {
  if (channel_.open()) return absl::OkStatus();
  auto ends = PacketChannel::Make();
  if (!ends.ok()) return ends.status();
  ASSIGN_OR_RETURN(const pid_t process, start_(std::move(ends->second)));
  channel_ = std::move(ends->first);
  process_ = process;
  return absl::OkStatus();
}

// It ends when its channel closes. If this process may not signal it, do not wait for that.
void ResolverClient::End() {
  channel_.Close();
  if (process_ <= 0) return;
  const bool ends = ::kill(process_, SIGKILL) == 0;
  int status = 0;
  while (::waitpid(process_, &status, ends ? 0 : WNOHANG) < 0 && errno == EINTR) {
  }
  process_ = -1;
}

absl::StatusOr<std::vector<SocketAddress>> ResolverClient::LookUp(const NameQuestion& question) {
  std::vector<SocketAddress> servers;
  if (!question.hosts_only) servers = ParseNameServers(question.servers);
  absl::Status status = Begin();
  if (status.ok()) status = Ask(question, servers.size());
  if (!status.ok()) return status;
  const auto found = Converse(servers, question.mark);
  if (!found.ok()) return found;
  return ReachableFirst(*found, question.mark);
}

absl::Status ResolverClient::Ask(const NameQuestion& question, size_t servers) {
  std::optional<ResolverQuestion> message = MakeQuestion(++id_, question.host, servers);
  if (!message.has_value()) return absl::InvalidArgumentError("no name has this length");
  const UniqueFd hosts = OpenFile(kHostsFile);
  const UniqueFd resolv_conf = OpenFile(kResolvConfFile);
  std::vector<int> files;
  for (const UniqueFd* file : {&hosts, &resolv_conf}) {
    if (file->valid()) files.push_back(file->get());
  }
  message->has_hosts = hosts.valid() ? 1 : 0;
  message->has_resolv_conf = resolv_conf.valid() ? 1 : 0;
  if (channel_.Send(BytesOf(*message), files).ok()) return absl::OkStatus();
  End();
  return Gone();
}

absl::StatusOr<std::vector<SocketAddress>> ResolverClient::Converse(
    const std::vector<SocketAddress>& servers, uint32_t mark) {
  const Instant deadline = BootNow() + kPatience;
  for (int i = 0; i <= kSocketsMax; ++i) {
    const absl::StatusOr<PacketChannel::Packet> packet = channel_.ReceiveBefore(deadline);
    if (!packet.ok()) break;
    if (const auto answer = MessageIn<ResolverAnswer>(packet->bytes)) {
      if (answer->id == id_) return AddressesOf(*answer);
      break;
    }
    const auto wish = MessageIn<ResolverWish>(packet->bytes);
    if (!wish.has_value() || wish->id != id_ || !GiveSocket(*wish, servers, mark).ok()) break;
  }
  End();
  return Gone();
}

absl::Status ResolverClient::GiveSocket(const ResolverWish& wish,
                                        const std::vector<SocketAddress>& servers, uint32_t mark) {
  UniqueFd socket;
  if (wish.server < servers.size()) {
    socket = ConnectMarked(servers[wish.server], mark, wish.is_stream != 0);
  }
  const int descriptor = socket.get();
  const ResolverSocket message{wish.id};
  return socket.valid() ? channel_.Send(BytesOf(message), {&descriptor, 1})
                        : channel_.Send(BytesOf(message));
}

}  // namespace ringwire::platform
