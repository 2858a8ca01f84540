#include "platform/app/status_client.h"

#include <dirent.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "platform/base/paths.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {
namespace {

absl::Status ConnectError(const std::string& interface_name, int error) {
  const std::string tried = fmt::format("ask {}", interface_name);
  if (error == ENOENT || error == ECONNREFUSED) {
    return absl::NotFoundError(fmt::format(
        "{}: no ringwire serves that interface (`ringwire show` lists those that run)", tried));
  }
  if (error == EACCES) {
    return absl::PermissionDeniedError(
        tried + ": Permission denied (run as root, or join the group ringwire)");
  }
  return absl::ErrnoToStatus(error, tried);
}

}  // namespace

absl::StatusOr<UniqueFd> ConnectToDevice(const std::string& interface_name) {
  const std::string path = std::string(kStatusDirectory) + "/" + SocketFileName(interface_name);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "open a unix socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return ConnectError(interface_name, errno);
  }
  return fd;
}

namespace {

absl::StatusOr<std::string> ReadLine(int fd) {
  std::string line;
  auto chunk = std::make_unique<std::array<char, 65536>>();
  while (true) {
    const ssize_t size = ::recv(fd, chunk->data(), chunk->size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) {
      return absl::DeadlineExceededError("wait for the answer: there is none yet");
    }
    if (size < 0) return absl::ErrnoToStatus(errno, "read the answer");
    if (size == 0) return absl::UnavailableError("read the answer: the device hung up");
    line.append(chunk->data(), static_cast<size_t>(size));
    if (line.back() != '\n') continue;
    line.pop_back();
    return line;
  }
}

}  // namespace

absl::Status SendRequest(const UniqueFd& device, std::string_view request) {
  const std::string line = std::string(request) + "\n";
  if (::send(device.get(), line.data(), line.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(line.size())) {
    return absl::ErrnoToStatus(errno, "send the request");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> AskDevice(const std::string& interface_name, std::string_view request) {
  const absl::StatusOr<UniqueFd> device = ConnectToDevice(interface_name);
  if (!device.ok()) return device.status();
  const absl::Status sent = SendRequest(*device, request);
  if (!sent.ok()) return sent;
  return ReadAnswer(*device, absl::Seconds(60));
}

absl::StatusOr<std::string> ReadAnswer(const UniqueFd& device, absl::Duration patience) {
  const timeval wait = absl::ToTimeval(patience);
  ::setsockopt(device.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
  absl::StatusOr<std::string> answer = ReadLine(device.get());
  if (!answer.ok()) return answer.status();
  const nlohmann::json json = nlohmann::json::parse(*answer, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InternalError("the device's answer is no JSON object");
  const auto error = json.find("error");
  if (error == json.end()) return answer;
  return absl::FailedPreconditionError(error->is_string() ? error->get<std::string>()
                                                          : error->dump());
}

std::vector<std::string> RunningInterfaces() {
  constexpr std::string_view kSuffix = ".sock";
  std::vector<std::string> names;
  struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
  };
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(kStatusDirectory));
  if (directory == nullptr) return names;
  while (const dirent* const entry = ::readdir(directory.get())) {
    std::string name = entry->d_name;
    if (!name.ends_with(kSuffix)) continue;
    name.resize(name.size() - kSuffix.size());
    names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace ringwire::platform
