#ifndef RINGWIRE_PLATFORM_RELAY_CPU_BUDGET_H_
#define RINGWIRE_PLATFORM_RELAY_CPU_BUDGET_H_

#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace ringwire::platform {

enum class PinChoice { kAuto, kOn, kOff };

// The CPUs that the host lets us use.
struct CpuBudget {
  std::vector<int> cpus;             // of the affinity mask
  std::optional<size_t> quota_cpus;  // the cgroup's limit, rounded up
  // How many interrupts of network cards each CPU serves; a missing CPU serves none.
  std::map<int, size_t> network_interrupts;
};

// The contents of a cgroup v2 cpu.max ("max 100000", "150000 100000") as CPUs, rounded up; nullopt:
// no limit.
std::optional<size_t> ParseCpuMax(std::string_view text);
// The path within the cgroup v2 hierarchy in /proc/self/cgroup ("0::/a/b"); nullopt: not in one.
std::optional<std::string_view> ParseCgroupPath(std::string_view text);

// Reads the affinity mask, the limits of our cgroup and its ancestors, and the CPUs that network
// cards interrupt.
CpuBudget ReadCpuBudget();

// As many workers as usable CPUs, at least one.
size_t WorkersFor(const CpuBudget& budget);
// One CPU for each worker, or none if the scheduler should choose: two pinned busy workers on one
// CPU cost more than they gain, so auto pins only if at least four CPUs are allowed and every
// worker gets its own. With more CPUs than workers it takes those that network cards interrupt
// least: the kernel needs the others to deliver packets.
std::vector<int> PinningFor(const CpuBudget& budget, size_t workers, PinChoice choice);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_RELAY_CPU_BUDGET_H_
