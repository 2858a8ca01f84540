#include "platform/names/endpoint_resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <span>
#include <thread>
#include <utility>

#include "core/base/mutex.h"
#include "platform/base/clock.h"
#include "platform/base/event_fd.h"
#include "platform/base/start_thread.h"
#include "platform/names/retry_schedule.h"

namespace ringwire::platform {
namespace {

void WaitUntil(const EventFd& event, Instant due) {
  int timeout_ms = -1;
  if (!due.IsInfiniteFuture()) {
    const int64_t ms = absl::ToInt64Milliseconds(due - BootNow()) + 1;
    timeout_ms = static_cast<int>(std::clamp<int64_t>(ms, 0, INT_MAX));
  }
  event.Wait(timeout_ms);
}

}  // namespace

// Shared with the thread, which may outlive the resolver.
struct EndpointResolver::Shared {
  explicit Shared(LookUp function) : look_up(std::move(function)) {}

  const LookUp look_up;
  const EventFd wake;
  const EventFd answered;
  Mutex mutex;
  RetrySchedule schedule ABSL_GUARDED_BY(mutex);
  std::vector<NameAnswer> answers ABSL_GUARDED_BY(mutex);
  bool stop ABSL_GUARDED_BY(mutex) = false;
};

std::optional<SocketAddress> SocketAddressOf(const sockaddr* address) {
  SocketAddress result;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof(v4));
    const auto* const bytes = reinterpret_cast<const uint8_t*>(&v4.sin_addr);
    result.address = IpAddress::V4(std::span<const uint8_t, 4>(bytes, 4));
    return result;
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6;
  std::memcpy(&v6, address, sizeof(v6));
  result.address = IpAddress::V6(std::span<const uint8_t, 16>(v6.sin6_addr.s6_addr, 16));
  result.scope_id = v6.sin6_scope_id;
  return result;
}

std::optional<SocketAddress> NumericAddress(const std::string& host) {
  struct Free {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
  };
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return std::nullopt;
  const std::unique_ptr<addrinfo, Free> list(found);
  return SocketAddressOf(list->ai_addr);
}

EndpointResolver::EndpointResolver(LookUp look_up)
    : shared_(std::make_shared<Shared>(std::move(look_up))) {}

EndpointResolver::~EndpointResolver() {
  {
    MutexLock lock(&shared_->mutex);
    shared_->stop = true;
  }
  shared_->wake.Raise();
}

absl::Status EndpointResolver::Want(const std::vector<std::string>& names) {
  if (!shared_->wake.valid() || !shared_->answered.valid()) {
    return absl::ResourceExhaustedError(
        "cannot resolve names: no descriptors left; raise RLIMIT_NOFILE");
  }
  {
    MutexLock lock(&shared_->mutex);
    shared_->schedule.Want(BootNow(), names);
  }
  shared_->wake.Raise();
  if (started_ || names.empty()) return absl::OkStatus();
  absl::StatusOr<std::thread> thread = StartThread([shared = shared_] { Run(shared); });
  if (!thread.ok()) return thread.status();
  thread->detach();
  started_ = true;
  return absl::OkStatus();
}

void EndpointResolver::Doubt(const std::string& name) {
  {
    MutexLock lock(&shared_->mutex);
    shared_->schedule.Doubt(BootNow(), name);
  }
  shared_->wake.Raise();
}

bool EndpointResolver::AllTried() const {
  MutexLock lock(&shared_->mutex);
  return shared_->schedule.AllTried();
}

int EndpointResolver::fd() const { return shared_->answered.get(); }

std::vector<NameAnswer> EndpointResolver::TakeAnswers() {
  shared_->answered.Clear();
  MutexLock lock(&shared_->mutex);
  return std::exchange(shared_->answers, {});
}

void EndpointResolver::Run(const std::shared_ptr<Shared>& shared) {
  while (true) {
    std::optional<std::string> name;
    Instant due;
    {
      MutexLock lock(&shared->mutex);
      if (shared->stop) return;
      name = shared->schedule.TakeDue(BootNow());
      due = shared->schedule.due();
    }
    if (!name.has_value()) {
      WaitUntil(shared->wake, due);
      continue;
    }
    absl::StatusOr<std::vector<SocketAddress>> addresses = shared->look_up(*name);
    {
      MutexLock lock(&shared->mutex);
      shared->schedule.Done(BootNow(), *name, addresses.ok());
      shared->answers.push_back({*std::move(name), std::move(addresses)});
    }
    shared->answered.Raise();
  }
}

}  // namespace ringwire::platform
