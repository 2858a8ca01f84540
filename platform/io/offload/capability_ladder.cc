#include "platform/io/offload/capability_ladder.h"

#include <cstring>
#include <utility>

namespace ringwire::platform {
std::string_view RungStateName(RungState state) {
  switch (state) {
    case RungState::kOn:
      return "on";
    case RungState::kOff:
      return "off";
    case RungState::kUnused:
      return "unused";
    case RungState::kRefused:
      return "refused";
    case RungState::kFell:
      return "fell";
  }
  return "";
}

CapabilityLadder::CapabilityLadder(const OffloadSwitches& switches,
                                   std::function<void(const std::string&)> warn)
    : warn_(std::move(warn)) {
  for (const Offload offload : kOffloads) {
    if (switches.IsOff(offload)) Settle(offload, RungState::kOff, "switched off");
  }
}

void CapabilityLadder::Settle(Offload offload, RungState state, std::string why) {
  if (!IsOn(offload)) return;
  Of(offload).state.store(state, std::memory_order_relaxed);
  Of(offload).why = std::move(why);
}

void CapabilityLadder::Refuse(Offload offload, std::string why) {
  Settle(offload, RungState::kRefused, std::move(why));
}

void CapabilityLadder::LeaveUnused(Offload offload, std::string why) {
  Settle(offload, RungState::kUnused, std::move(why));
}

void CapabilityLadder::Doubt(Offload offload, const std::string& why) {
  Remark(offload, "not proved: " + why);
}

void CapabilityLadder::Limit(Offload offload, const std::string& why) { Remark(offload, why); }

void CapabilityLadder::Remark(Offload offload, const std::string& remark) {
  if (!IsOn(offload)) return;
  std::string& why = Of(offload).why;
  why += (why.empty() ? "" : "; ") + remark;
}

void CapabilityLadder::Fall(Offload offload, int error) {
  State& rung = Of(offload);
  rung.falls.fetch_add(1, std::memory_order_relaxed);
  rung.error.store(error, std::memory_order_relaxed);
  RungState on = RungState::kOn;
  if (!rung.state.compare_exchange_strong(on, RungState::kFell)) return;
  warn_("offload " + std::string(OffloadName(offload)) + " failed (" + std::strerror(error) +
        ") and is switched off: " + std::string(OffloadFallback(offload)));
}

void CapabilityLadder::Stumble(Offload offload, int error) {
  State& rung = Of(offload);
  rung.falls.fetch_add(1, std::memory_order_relaxed);
  const uint32_t bit = uint32_t{1} << (static_cast<uint32_t>(error) % 32);
  if ((rung.stumbled_on.fetch_or(bit, std::memory_order_relaxed) & bit) != 0) return;
  warn_("offload " + std::string(OffloadName(offload)) + " failed (" + std::strerror(error) +
        ") but stays on: the call is repeated without it (logged once per error)");
}

void CapabilityLadder::Restore(Offload offload) {
  RungState fell = RungState::kFell;
  Of(offload).state.compare_exchange_strong(fell, RungState::kOn);
}

void LeaveMultishotUnused(CapabilityLadder* ladder) {
  ladder->LeaveUnused(Offload::kMultishotRead, "needs io_uring; epoll is in use");
  ladder->LeaveUnused(Offload::kMultishotRecvmsg, "needs io_uring; epoll is in use");
}

CapabilityLadder::Rung CapabilityLadder::Read(Offload offload) const {
  const State& rung = Of(offload);
  Rung read;
  read.state = rung.state.load();
  read.falls = rung.falls.load();
  read.why = read.state == RungState::kFell ? std::strerror(rung.error.load()) : rung.why;
  return read;
}

}  // namespace ringwire::platform
