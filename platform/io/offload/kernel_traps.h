#ifndef RINGWIRE_PLATFORM_IO_OFFLOAD_KERNEL_TRAPS_H_
#define RINGWIRE_PLATFORM_IO_OFFLOAD_KERNEL_TRAPS_H_

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/offload_switches.h"
#include "platform/io/offload/capability_ladder.h"

// Kernels whose offloads break packets where no test on this machine alone would see it. They are
// told by their version: a distribution that mends its kernel under the old number is not.
namespace ringwire::platform {

struct KernelVersion {
  int major = 0;
  int minor = 0;
  int patch = 0;
  friend auto operator<=>(const KernelVersion&, const KernelVersion&) = default;
};

// "6.8.0-31-generic", "7.0-rc3", "6.1.0"; nullopt: something else.
std::optional<KernelVersion> ParseKernelVersion(std::string_view release);
// The release of the kernel that runs.
std::string KernelRelease();

// Refuses in the ladder what a kernel of this release must not be asked for, unless `switches`
// trusts it with that, and returns the one line to log about it, empty if there is none.
// `merge_udp`: whether merged UDP packets are written to TUN; becomes false where that loses
// packets. A release that cannot be read is trusted.
std::string AvoidKernelTraps(std::string_view release, const OffloadSwitches& switches,
                             CapabilityLadder* ladder, bool* merge_udp);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_OFFLOAD_KERNEL_TRAPS_H_
