#ifndef RINGWIRE_PLATFORM_IO_OFFLOAD_KERNEL_TRAPS_H_
#define RINGWIRE_PLATFORM_IO_OFFLOAD_KERNEL_TRAPS_H_

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/offload_switches.h"
#include "platform/io/offload/capability_ladder.h"

// Kernels whose offloads break packets in a way that no test on one machine finds. They are
// recognised by version; a distribution's fixed kernel with an old number is not recognised as
// fixed.
namespace ringwire::platform {

struct KernelVersion {
  int major = 0;
  int minor = 0;
  int patch = 0;
  friend auto operator<=>(const KernelVersion&, const KernelVersion&) = default;
};

// "6.8.0-31-generic", "7.0-rc3", "6.1.0"; nullopt: another form.
std::optional<KernelVersion> ParseKernelVersion(std::string_view release);
// The release of the running kernel.
std::string KernelRelease();

// Refuses in the ladder the offloads that this release breaks, unless `switches` trusts it with
// them. Returns the line to log, or empty. `merge_udp`: whether merged UDP packets are written to
// TUN; set to false if that loses packets. A release that cannot be parsed is trusted.
std::string AvoidKernelTraps(std::string_view release, const OffloadSwitches& switches,
                             CapabilityLadder* ladder, bool* merge_udp);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_OFFLOAD_KERNEL_TRAPS_H_
