#include "platform/base/event_poll.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <utility>

#include "core/base/check.h"

namespace ringwire::platform {
namespace {

// A descriptor number may be reused between two events of one wait; the generation tells the two
// apart.
uint64_t Pack(int fd, uint32_t generation) {
  return uint64_t{generation} << 32 | static_cast<uint32_t>(fd);
}

}  // namespace

EventPoll::EventPoll() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

absl::Status EventPoll::Add(int fd, uint32_t events, OnEvent on_event) {
  const uint32_t generation = ++generation_;
  epoll_event event{};
  event.events = events;
  event.data.u64 = Pack(fd, generation);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return absl::ErrnoToStatus(errno, "add a descriptor to epoll");
  }
  entries_[fd] = Entry{generation, std::make_shared<const OnEvent>(std::move(on_event))};
  return absl::OkStatus();
}

void EventPoll::Change(int fd, uint32_t events) {
  const auto entry = entries_.find(fd);
  CHECK(entry != entries_.end());
  epoll_event event{};
  event.events = events;
  event.data.u64 = Pack(fd, entry->second.generation);
  CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0);
}

void EventPoll::Remove(int fd) {
  if (entries_.erase(fd) == 0) return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

absl::Status EventPoll::Wait(bool may_block) {
  std::array<epoll_event, 32> ready;
  const int count =
      ::epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()), may_block ? -1 : 0);
  if (count < 0) {
    if (errno == EINTR) return absl::OkStatus();
    return absl::ErrnoToStatus(errno, "wait for events");
  }
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    const int fd = static_cast<int>(ready[i].data.u64 & 0xffffffff);
    const auto entry = entries_.find(fd);
    if (entry == entries_.end()) continue;
    if (entry->second.generation != static_cast<uint32_t>(ready[i].data.u64 >> 32)) continue;
    const std::shared_ptr<const OnEvent> on_event = entry->second.on_event;
    (*on_event)(ready[i].events);
  }
  return absl::OkStatus();
}

}  // namespace ringwire::platform
