#ifndef RINGWIRE_PLATFORM_RELAY_PEERS_CHANGED_NOTICE_H_
#define RINGWIRE_PLATFORM_RELAY_PEERS_CHANGED_NOTICE_H_

#include <cstdint>
#include <functional>
#include <utility>

#include "platform/relay/relay_channel.h"

namespace ringwire::platform {

// Tells the supervisor that peers have changed: once after each question of it for their addresses.
// Never waits: if the channel is full, the notice follows as soon as there is room. For the control
// thread.
class PeersChangedNotice {
 public:
  using CallWhenWritable = std::function<void(std::function<void()>)>;

  // `channel` outlives it. `call_when_writable` calls its argument once, when the channel has room.
  PeersChangedNotice(RelayChannel* channel, CallWhenWritable call_when_writable)
      : channel_(channel), call_when_writable_(std::move(call_when_writable)) {}

  // The supervisor asks: the answer has all changes until now.
  void Asked() { state_ = State::kQuiet; }
  void PeersChanged();

 private:
  enum class State : uint8_t { kQuiet, kOwed, kSent };

  void SendOwed();

  RelayChannel* const channel_;
  const CallWhenWritable call_when_writable_;
  State state_ = State::kSent;  // before the first question nobody wants to know
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_RELAY_PEERS_CHANGED_NOTICE_H_
