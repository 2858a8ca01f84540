#ifndef RINGWIRE_PLATFORM_BASE_RESOLV_CONF_H_
#define RINGWIRE_PLATFORM_BASE_RESOLV_CONF_H_

#include <cstddef>
#include <string>
#include <vector>

namespace ringwire::platform {

inline constexpr char kResolvConf[] = "/etc/resolv.conf";
// The servers that systemd-resolved asks itself.
inline constexpr char kBehindResolved[] = "/run/systemd/resolve/resolv.conf";
inline constexpr size_t kNameServersMax = 8;  // of a file; glibc asks 3

// The addresses in the `nameserver` lines of a file in the format of resolv.conf(5), in their
// order. One of a link ends with its zone: "fe80::1%eth0". A missing file has none.
std::vector<std::string> NameServersIn(const std::string& path);

// Whether these are systemd-resolved alone.
bool IsResolvedStub(const std::vector<std::string>& servers);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_RESOLV_CONF_H_
