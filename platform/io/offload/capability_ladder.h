#ifndef RINGWIRE_PLATFORM_IO_OFFLOAD_CAPABILITY_LADDER_H_
#define RINGWIRE_PLATFORM_IO_OFFLOAD_CAPABILITY_LADDER_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/base/mutex.h"
#include "core/base/offload_switches.h"

namespace ringwire::platform {

enum class RungState : uint8_t {
  kOn,       // in use, or will be as soon as there is something to use it for
  kOff,      // switched off
  kUnused,   // what else was chosen has no use for it
  kRefused,  // did not work when it was tried at start
  kFell,     // failed at run time
};
std::string_view RungStateName(RungState state);

// Each offload of one device, and whether it is used. Shared by all its workers. A rung is set up
// before they start, by the thread that starts them; from then on it only goes down, and whoever
// meets the failure takes it down: as that is the same whoever it is, no order matters. A worker
// that has met no failure itself finds a rung down with IsOn().
class CapabilityLadder {
 public:
  // `warn` is given one line for each rung that falls or stumbles; called on the thread where it
  // does.
  CapabilityLadder(const OffloadSwitches& switches, std::function<void(const std::string&)> warn);
  CapabilityLadder(const CapabilityLadder&) = delete;
  CapabilityLadder& operator=(const CapabilityLadder&) = delete;

  // Before the workers start. Each does nothing to a rung that is not on.
  void Refuse(Offload offload, std::string why);
  void LeaveUnused(Offload offload, std::string why);
  // Neither changes whether it is used; `show` tells both. Doubt: it could not be tried. Limit: it
  // is not used for everything.
  void Doubt(Offload offload, const std::string& why);
  void Limit(Offload offload, const std::string& why);

  // Any thread.
  bool IsOn(Offload offload) const {
    return Of(offload).state.load(std::memory_order_relaxed) == RungState::kOn;
  }
  // The kernel refused an operation with `error` (positive errno) for the offload's sake.
  void Fall(Offload offload, int error);
  // An operation failed with `error` for a reason of its own, and was repeated without the offload,
  // which stays on: counted as Fall() does, and one line for each error however often.
  void Stumble(Offload offload, int error);
  // What it fell on is gone (new sockets): on again, until the next time. Only after Fall().
  void Restore(Offload offload);

  struct Rung {
    RungState state = RungState::kOn;
    std::string why;     // of a state other than on; of on: doubts and limits
    uint64_t falls = 0;  // since the start
  };
  Rung Read(Offload offload) const;

  // Held while the offloads of the TUN device are set from what the ladder says, which two workers
  // might find reason to at the same time.
  Mutex& tun_mutex() { return tun_mutex_; }

 private:
  struct State {
    std::atomic<RungState> state{RungState::kOn};
    std::atomic<int> error{0};
    std::atomic<uint64_t> falls{0};
    std::atomic<uint32_t> stumbled_on{0};  // a bit for each error (modulo 32) that had its line
    std::string why;                       // from before the workers started
  };
  State& Of(Offload offload) { return rungs_[static_cast<size_t>(offload)]; }
  const State& Of(Offload offload) const { return rungs_[static_cast<size_t>(offload)]; }
  void Settle(Offload offload, RungState state, std::string why);
  void Remark(Offload offload, const std::string& remark);

  const std::function<void(const std::string&)> warn_;
  std::array<State, kOffloadCount> rungs_;
  Mutex tun_mutex_;
};

// With the epoll backend. Before its workers start.
void LeaveMultishotUnused(CapabilityLadder* ladder);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_OFFLOAD_CAPABILITY_LADDER_H_
