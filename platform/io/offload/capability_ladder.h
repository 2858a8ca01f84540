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
  kOn,       // in use, or will be at the first opportunity
  kOff,      // switched off
  kUnused,   // of no use with the other choices
  kRefused,  // did not work when it was tried at start
  kFell,     // failed at run time
};
std::string_view RungStateName(RungState state);

// Each offload of one device, and whether it is used. Shared by all its workers. The thread that
// starts the workers sets the rungs up first. Afterwards rungs only go down. Any worker may lower a
// rung; lowering it twice is harmless, so relaxed ordering is enough. Other workers see it with
// IsOn().
class CapabilityLadder {
 public:
  // `warn` gets one line for each rung that falls or stumbles, on the thread where that happens.
  CapabilityLadder(const OffloadSwitches& switches, std::function<void(const std::string&)> warn);
  CapabilityLadder(const CapabilityLadder&) = delete;
  CapabilityLadder& operator=(const CapabilityLadder&) = delete;

  // Call before the workers start. Neither changes a rung that is not on.
  void Refuse(Offload offload, std::string why);
  void LeaveUnused(Offload offload, std::string why);
  // Neither changes whether it is used; `show` prints both. Doubt: it could not be tested. Limit:
  // it is used for some packets only.
  void Doubt(Offload offload, const std::string& why);
  void Limit(Offload offload, const std::string& why);

  // Any thread.
  bool IsOn(Offload offload) const {
    return Of(offload).state.load(std::memory_order_relaxed) == RungState::kOn;
  }
  // The kernel refused an operation with `error` (positive errno) because of the offload.
  void Fall(Offload offload, int error);
  // An operation failed with `error` for a reason of its own, and was repeated without the offload,
  // which stays on. Counts it as Fall() does; logs each error once.
  void Stumble(Offload offload, int error);
  // The cause of the fall is gone (new sockets): switches it on again. Only after Fall().
  void Restore(Offload offload);

  struct Rung {
    RungState state = RungState::kOn;
    std::string why;     // the reason for a state other than on; else doubts and limits
    uint64_t falls = 0;  // since the start
  };
  Rung Read(Offload offload) const;

  // Held while a worker sets the TUN device's offloads from the ladder: two workers may do so at
  // the same time.
  Mutex& tun_mutex() { return tun_mutex_; }

 private:
  struct State {
    std::atomic<RungState> state{RungState::kOn};
    std::atomic<int> error{0};
    std::atomic<uint64_t> falls{0};
    std::atomic<uint32_t> stumbled_on{0};  // a bit for each error (modulo 32) that was logged
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

// For the epoll backend, before its workers start.
void LeaveMultishotUnused(CapabilityLadder* ladder);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_OFFLOAD_CAPABILITY_LADDER_H_
