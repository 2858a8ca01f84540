#include "platform/app/status_client.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <memory>

#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "platform/base/clock.h"
#include "platform/base/json_fields.h"
#include "platform/base/paths.h"
#include "platform/base/unique_fd.h"
#include "platform/control/sockets/admin_server.h"

namespace ringwire::platform {
namespace {

constexpr absl::Duration kConnectPatience = absl::Seconds(10);
constexpr absl::Duration kAnswerPatience = absl::Seconds(60);
// A service gives up reading its file after a minute, and says so.
constexpr absl::Duration kAdministrationPatience = absl::Minutes(2);
constexpr size_t kErrorBytesMax = 65536;             // a longer answer is a report
constexpr size_t kAnswerBytesMax = size_t{1} << 30;  // far more than a million peers need

absl::Status ConnectError(const std::string& interface_name, int error, const char* who_may) {
  const std::string tried = fmt::format("cannot ask {}", interface_name);
  if (error == ENOENT || error == ECONNREFUSED) {
    return absl::NotFoundError(fmt::format(
        "{}: no ringwire serves that interface; `ringwire show` lists those that run", tried));
  }
  if (error == EACCES) {
    return absl::PermissionDeniedError(fmt::format("{}: permission denied; {}", tried, who_may));
  }
  if (error == EAGAIN) {
    return absl::DeadlineExceededError(tried +
                                       ": it does not accept connections; its process hangs");
  }
  return absl::ErrnoToStatus(error, tried);
}

// `who_may`: what a user does who may not connect.
absl::StatusOr<UniqueFd> Connect(const std::string& interface_name, const std::string& file_name,
                                 const char* who_may) {
  const std::string path = std::string(kStatusDirectory) + "/" + file_name;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "cannot open a unix socket");
  // Also for connecting: the clients before this one may fill the backlog of a device that hangs.
  const timeval patience = absl::ToTimeval(kConnectPatience);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return ConnectError(interface_name, errno, who_may);
  }
  return fd;
}

absl::Status NoAnswerYet() {
  return absl::DeadlineExceededError("cannot read the answer: there is none yet");
}

absl::StatusOr<std::string> ReadLine(int fd, Instant deadline) {
  std::string line;
  auto chunk = std::make_unique<std::array<char, 65536>>();
  while (line.size() <= kAnswerBytesMax) {
    const int64_t left_ms = absl::ToInt64Milliseconds(deadline - BootNow());
    if (left_ms <= 0) return NoAnswerYet();
    pollfd wait{fd, POLLIN, 0};
    ::poll(&wait, 1, static_cast<int>(std::min<int64_t>(left_ms, INT_MAX)));
    const ssize_t size = ::recv(fd, chunk->data(), chunk->size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size < 0) return absl::ErrnoToStatus(errno, "cannot read the answer");
    if (size == 0) return absl::UnavailableError("cannot read the answer: the device hung up");
    line.append(chunk->data(), static_cast<size_t>(size));
    if (line.back() != '\n') continue;
    line.pop_back();
    return line;
  }
  return absl::ResourceExhaustedError("cannot read the answer: it does not end");
}

}  // namespace

absl::StatusOr<UniqueFd> ConnectToDevice(const std::string& interface_name) {
  return Connect(interface_name, SocketFileName(interface_name),
                 "run as root, or join the group ringwire");
}

absl::Status SendRequest(const UniqueFd& device, std::string_view request) {
  const std::string line = std::string(request) + "\n";
  if (::send(device.get(), line.data(), line.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(line.size())) {
    return absl::ErrnoToStatus(errno, "cannot send the request");
  }
  return absl::OkStatus();
}

namespace {

absl::StatusOr<std::string> AskOn(const absl::StatusOr<UniqueFd>& socket, std::string_view request,
                                  absl::Duration patience) {
  if (!socket.ok()) return socket.status();
  RETURN_IF_ERROR(SendRequest(*socket, request));
  return ReadAnswer(*socket, patience);
}

}  // namespace

absl::StatusOr<std::string> AskDevice(const std::string& interface_name, std::string_view request) {
  return AskOn(ConnectToDevice(interface_name), request, kAnswerPatience);
}

absl::StatusOr<std::string> AskAdministration(const std::string& interface_name,
                                              std::string_view request) {
  return AskOn(Connect(interface_name, AdminSocketFileName(interface_name), "run as root"), request,
               kAdministrationPatience);
}

absl::StatusOr<std::string> ReadAnswer(const UniqueFd& device, absl::Duration patience) {
  ASSIGN_OR_RETURN(std::string answer, ReadLine(device.get(), BootNow() + patience));
  if (answer.size() > kErrorBytesMax) return answer;  // parsing thousands of peers takes long
  const nlohmann::json json = nlohmann::json::parse(answer, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InternalError("the device's answer is no JSON object");
  const nlohmann::json* const error = MemberIn(json, "error");
  if (error == nullptr) return answer;
  return absl::FailedPreconditionError(TextIn(json, "error").value_or(error->dump()));
}

std::vector<std::string> RunningInterfaces() {
  return RunningInterfaces(UniqueFd(::open(kStatusDirectory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
}

std::vector<std::string> RunningInterfaces(const UniqueFd& folder) {
  constexpr std::string_view kSuffix = ".sock";
  const std::string admin_suffix = AdminSocketFileName("");
  std::vector<std::string> names;
  struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
  };
  UniqueFd copy(::fcntl(folder.get(), F_DUPFD_CLOEXEC, 0));
  const std::unique_ptr<DIR, CloseDirectory> directory(::fdopendir(copy.get()));
  if (directory == nullptr) return names;
  copy.Release();
  ::rewinddir(directory.get());
  while (const dirent* const entry = ::readdir(directory.get())) {
    std::string name = entry->d_name;
    if (!name.ends_with(kSuffix) || name.ends_with(admin_suffix)) continue;
    name.resize(name.size() - kSuffix.size());
    names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace ringwire::platform
