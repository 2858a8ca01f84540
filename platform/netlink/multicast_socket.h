#ifndef RINGWIRE_PLATFORM_NETLINK_MULTICAST_SOCKET_H_
#define RINGWIRE_PLATFORM_NETLINK_MULTICAST_SOCKET_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"

struct nlmsghdr;

// Notifications of the kernel by netlink.
namespace ringwire::platform {

// A socket that receives the notifications of these groups (a bit each) from this call on. Reading
// it does not wait. `tried` is for the error.
absl::StatusOr<UniqueFd> OpenMulticast(int protocol, uint32_t groups, const std::string& tried);

// Visits the messages that have arrived, at most some thousands. False: some were lost.
bool TakeMulticast(int socket, absl::FunctionRef<void(nlmsghdr* message)> visit);

// The process that sent the request with that port, in words: "ip (process 77)", or "another
// program" if it is gone. Ports of a process's first socket are its number.
std::string NameOfPort(uint32_t port);
// A process's name, which any user may choose, without control characters.
std::string CleanName(std::string name);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_MULTICAST_SOCKET_H_
