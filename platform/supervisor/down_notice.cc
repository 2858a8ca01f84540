#include "platform/supervisor/down_notice.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>

#include "fmt/format.h"
#include "platform/base/peer_credentials.h"
#include "platform/process/report_error.h"

namespace ringwire::platform {
namespace {

constexpr int kBacklog = 16;
constexpr size_t kWatchersMax = 16;
constexpr int kAcceptsMax = 4 * kBacklog;  // at a time: a stranger may connect again and again
constexpr size_t kMessageMax = 8192;       // a hook's command may be of any length
// The first character of a message.
constexpr char kFailure = 'f';
constexpr char kWarning = 'w';

struct Address {
  sockaddr_un address{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

Address AddressOf(const std::string& interface) {
  const std::string name = fmt::format("ringwire/{}/end", interface);
  Address address;
  address.address.sun_family = AF_UNIX;
  name.copy(address.address.sun_path + 1, sizeof(address.address.sun_path) - 1);
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return address;
}

constexpr size_t kTwo = 2 * sizeof(int);

// Room for two descriptors and the byte that they come with. Points into itself.
struct MessageForTwo {
  MessageForTwo() {
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
  }
  MessageForTwo(const MessageForTwo&) = delete;
  MessageForTwo& operator=(const MessageForTwo&) = delete;

  char byte = 0;
  iovec data{&byte, sizeof(byte)};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kTwo)> control{};
  msghdr message{};
};

// Two descriptors; invalid: they are not here (yet).
std::pair<UniqueFd, UniqueFd> ReceiveTwo(int socket) {
  MessageForTwo carrier;
  msghdr& message = carrier.message;
  if (::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0) return {};
  std::array<int, 2> received = {-1, -1};
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
    std::memcpy(received.data(), CMSG_DATA(header),
                std::min(kTwo, static_cast<size_t>(header->cmsg_len) - CMSG_LEN(0)));
  }
  std::pair<UniqueFd, UniqueFd> both{UniqueFd(received[0]), UniqueFd(received[1])};
  if (both.second.valid()) return both;
  return {};
}

}  // namespace

DownListener::DownListener(const std::string& interface) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const Address address = AddressOf(interface);
  if (::bind(socket.get(), address.get(), address.size) == 0 &&
      ::listen(socket.get(), kBacklog) == 0) {
    listener_ = std::move(socket);
  }
}

void DownListener::Accept() {
  for (int i = 0; i < kAcceptsMax && listener_.valid(); ++i) {
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.valid()) return;
    if (!TrustedPeer(socket.get()).has_value()) continue;  // anybody may connect
    if (watchers_.size() == kWatchersMax) watchers_.erase(watchers_.begin());
    watchers_.push_back(std::move(socket));
  }
}

bool DownListener::HasWatcher() const {
  return std::ranges::any_of(watchers_, [](const UniqueFd& watcher) {
    pollfd state{watcher.get(), POLLRDHUP, 0};
    return ::poll(&state, 1, 0) == 0 || (state.revents & (POLLRDHUP | POLLHUP)) == 0;
  });
}

ProgramOutput DownListener::TakeOutput() {
  for (const UniqueFd& watcher : watchers_) {
    if (!output_.second.valid()) output_ = ReceiveTwo(watcher.get());
  }
  return {output_.first.get(), output_.second.get()};
}

void DownListener::Tell(std::string_view message, bool is_failure) {
  const std::string text = (is_failure ? kFailure : kWarning) +
                           std::string(message.substr(0, std::min(message.size(), kMessageMax)));
  for (const UniqueFd& watcher : watchers_) {
    // Who is gone, or does not listen, misses it; the log has it too.
    [[maybe_unused]] const ssize_t size =
        ::send(watcher.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
}

absl::StatusOr<DownWatch> DownWatch::Open(const std::string& interface) {
  const std::string tried = "find the service of " + interface;
  // A stranger's backlog may be full for ever.
  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const Address address = AddressOf(interface);
  if (::connect(socket.get(), address.get(), address.size) != 0) {
    return absl::NotFoundError(fmt::format("{}: there is none", tried));
  }
  const std::optional<pid_t> service = TrustedPeer(socket.get());  // anybody may take the name
  if (!service.has_value()) return absl::NotFoundError(tried + ": another user's has its name");
  return DownWatch(std::move(socket), *service);
}

bool DownWatch::HasService() const {
  char byte = 0;
  return ::recv(socket_.get(), &byte, sizeof(byte), MSG_DONTWAIT | MSG_PEEK) != 0;
}

void DownWatch::GiveOutput() {
  MessageForTwo carrier;
  msghdr& message = carrier.message;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(kTwo);
  const std::array<int, 2> given = {STDOUT_FILENO, STDERR_FILENO};
  std::memcpy(CMSG_DATA(header), given.data(), kTwo);
  // Where this process has closed one of them, hooks print where the service does.
  [[maybe_unused]] const ssize_t size = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
}

bool DownWatch::Report(const std::string& tried) {
  auto text = std::make_unique<std::array<char, kMessageMax + 1>>();
  while (true) {
    const ssize_t size = ::recv(socket_.get(), text->data(), text->size(), MSG_DONTWAIT);
    // The service has not read all that it was given; what it has said comes all the same.
    if (size < 0 && (errno == EINTR || errno == ECONNRESET)) continue;
    if (size < 0) return errno == EAGAIN;
    if (size == 0) return false;
    const std::string_view message(text->data() + 1, static_cast<size_t>(size) - 1);
    if (text->front() == kWarning) {
      ReportWarnings(message);
    } else {
      ReportFailure(tried, message);
      has_failed_ = true;
    }
  }
}

}  // namespace ringwire::platform
