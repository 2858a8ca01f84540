#ifndef RINGWIRE_PLATFORM_BASE_EVENT_POLL_H_
#define RINGWIRE_PLATFORM_BASE_EVENT_POLL_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// The control thread's only wait: an epoll instance with a function for each descriptor. A function
// may add and remove descriptors, its own included. A removed one is not called any more, even for
// an event already fetched. Thread-compatible.
class EventPoll {
 public:
  using OnEvent = std::function<void(uint32_t events)>;

  EventPoll();

  // Level-triggered; `events` as in epoll_ctl(2). The caller owns the descriptor and removes it
  // before closing it.
  absl::Status Add(int fd, uint32_t events, OnEvent on_event);
  void Change(int fd, uint32_t events);
  void Remove(int fd);

  // Readable while Wait() has something to call, for a loop around this one.
  int fd() const { return epoll_.get(); }
  // Waits for events and calls their functions. With `may_block` false, handles only events that
  // are ready.
  absl::Status Wait(bool may_block);

 private:
  struct Entry {
    uint32_t generation = 0;
    std::shared_ptr<const OnEvent> on_event;
  };

  const UniqueFd epoll_;
  uint32_t generation_ = 0;
  absl::flat_hash_map<int, Entry> entries_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_EVENT_POLL_H_
