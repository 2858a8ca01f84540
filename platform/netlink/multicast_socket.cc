#include "platform/netlink/multicast_socket.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <fstream>

#include "absl/status/status.h"
#include "fmt/format.h"

namespace ringwire::platform {
namespace {

constexpr int kReceivesMax = 4096;                    // poll() reports later messages again
constexpr size_t kMulticastBytes = size_t{64} << 10;  // the kernel sends at most half of it at once

}  // namespace

absl::StatusOr<UniqueFd> OpenMulticast(int protocol, uint32_t groups, const std::string& tried) {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!socket.valid()) return absl::ErrnoToStatus(errno, "open a netlink socket");
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return absl::ErrnoToStatus(errno, tried);
  }
  return socket;
}

bool TakeMulticast(int socket, absl::FunctionRef<void(nlmsghdr* message)> visit) {
  alignas(nlmsghdr) static thread_local std::array<char, kMulticastBytes> buffer;
  bool complete = true;
  for (int i = 0; i < kReceivesMax; ++i) {
    const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), MSG_TRUNC);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == ENOBUFS) {
      complete = false;
      continue;
    }
    if (size < 0) break;
    const auto bytes = static_cast<size_t>(size);
    if (bytes > buffer.size()) complete = false;
    auto left = static_cast<uint32_t>(std::min(bytes, buffer.size()));
    auto* message = reinterpret_cast<nlmsghdr*>(buffer.data());
    while (NLMSG_OK(message, left)) {
      visit(message);
      message = NLMSG_NEXT(message, left);
    }
  }
  return complete;
}

std::string NameOfPort(uint32_t port) {
  std::string name;
  std::ifstream file(fmt::format("/proc/{}/comm", port));
  if (port == 0 || !std::getline(file, name) || name.empty()) return "another program";
  return fmt::format("{} (process {})", CleanName(name), port);
}

std::string CleanName(std::string name) {
  std::ranges::replace_if(name, [](unsigned char c) { return c < ' ' || c >= 0x7f; }, '?');
  return name;
}

}  // namespace ringwire::platform
