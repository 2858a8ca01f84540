#ifndef RINGWIRE_PLATFORM_RELAY_NETWORK_INTERRUPTS_H_
#define RINGWIRE_PLATFORM_RELAY_NETWORK_INTERRUPTS_H_

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// The CPUs that network cards interrupt: a worker pinned to one of them shares it with the kernel's
// part of the work.
namespace ringwire::platform {

// The numbers of the interrupts in the text of /proc/interrupts whose handlers are named after one
// of `names`: "eth0", "eth0-TxRx-3" and "virtio1-input.0" are, of eth0 and virtio1, "eth01" is not.
std::vector<int> ParseNetworkInterrupts(std::string_view interrupts,
                                        const std::vector<std::string>& names);
// The CPUs in a list like "0-3,8"; empty if invalid.
std::vector<int> ParseCpuList(std::string_view list);

// By CPU, how many interrupts of network cards it serves now. Empty if that cannot be read.
std::map<int, size_t> ReadNetworkInterrupts();

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_RELAY_NETWORK_INTERRUPTS_H_
