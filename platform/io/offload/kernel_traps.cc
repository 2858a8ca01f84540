#include "platform/io/offload/kernel_traps.h"

#include <sys/utsname.h>

#include <array>
#include <charconv>

namespace ringwire::platform {
namespace {

// Sends trains through devices with partial segmentation offload with wrong lengths and checksums
// if the payload is a multiple of the segment: the receiver drops them all. Loopback does not show
// it.
constexpr KernelVersion kTrainsBroken{7, 0, 0};
constexpr KernelVersion kTrainsMended{7, 1, 5};
// Drops a merged packet that turns out to be for a VXLAN or Geneve device of the host.
constexpr KernelVersion kTunnelsMended{6, 8, 5};

}  // namespace

std::optional<KernelVersion> ParseKernelVersion(std::string_view release) {
  std::array<int, 3> numbers{};
  size_t count = 0;
  while (count < numbers.size()) {
    const auto [end, error] =
        std::from_chars(release.data(), release.data() + release.size(), numbers[count]);
    if (error != std::errc() || numbers[count] < 0) return std::nullopt;
    release.remove_prefix(static_cast<size_t>(end - release.data()));
    ++count;
    if (!release.starts_with('.')) break;
    release.remove_prefix(1);
  }
  if (count < 2) return std::nullopt;
  return KernelVersion{numbers[0], numbers[1], numbers[2]};
}

std::string KernelRelease() {
  utsname names{};
  return ::uname(&names) == 0 ? names.release : "";
}

std::string AvoidKernelTraps(std::string_view release, const OffloadSwitches& switches,
                             CapabilityLadder* ladder, bool* merge_udp) {
  const std::optional<KernelVersion> version = ParseKernelVersion(release);
  if (!version.has_value()) return "";
  const std::string linux = "Linux " + std::string(release);
  if (*merge_udp && *version < kTunnelsMended && !switches.IsTrusted(Offload::kTunGsoWrite)) {
    *merge_udp = false;
    ladder->Limit(Offload::kTunGsoWrite,
                  "for TCP only (" + linux + " loses merged packets for VXLAN and Geneve devices)");
  }
  if (*version < kTrainsBroken || *version >= kTrainsMended || !ladder->IsOn(Offload::kUdpGso) ||
      switches.IsTrusted(Offload::kUdpGso)) {
    return "";
  }
  const std::string why = linux + " breaks trains on some network devices; 7.1.5 is fixed";
  ladder->Refuse(Offload::kUdpGso, why);
  return "offload udp-gso is not used: " + why +
         " (use --offload=+udp-gso if this kernel is fixed too)";
}

}  // namespace ringwire::platform
