#ifndef RINGWIRE_PLATFORM_SANDBOX_POLICY_H_
#define RINGWIRE_PLATFORM_SANDBOX_POLICY_H_

#include <cstdint>
#include <string_view>
#include <vector>

// The actions that a process which parses bytes from the network may still take. Pure:
// call_filter.h turns this description into a program, confinement.h applies it.
namespace ringwire::platform {

// The processes that parse bytes from the network, or that such processes send text to.
enum class SandboxRole {
  kRelay,      // of `run` and `up`: asks its supervisor for later needs
  kDevice,     // `ringwire IFNAME`: has nobody to ask
  kResolver,   // looks names up through sockets that it receives
  kExporter,   // asks status sockets, serves metrics over HTTP
  kPortal,     // talks TLS and HTTP with clients that nobody knows yet
  kCaller,     // talks TLS and HTTP with a gateway, by sockets that it receives
  kLog,        // writes what a service in the background prints to its log
  kRegistrar,  // of [Enrol]: decides on logins and keeps leases in its own folder
};

// The lower 32 bits of an argument, masked, are one of the values.
struct ArgumentRule {
  uint32_t index = 0;
  uint32_t mask = ~uint32_t{0};
  std::vector<uint32_t> values;
};

// An allowed system call: always, or if all of its rules hold. Of several entries for one call, any
// may allow it.
struct AllowedCall {
  uint32_t number = 0;  // SYS_...
  std::vector<ArgumentRule> rules;
};

struct CallPolicy {
  std::vector<AllowedCall> allowed;  // the most frequent ones first
  std::vector<uint32_t> fatal;       // these end the process
  // Every other call fails with EPERM, and is counted.
};

// `process`: the id of the process that the policy is for, the only one that it may signal.
CallPolicy PolicyFor(SandboxRole role, uint32_t process);

// The role's account, if the system has it.
std::string_view AccountOf(SandboxRole role);
// Otherwise: the first id that the role tries, then every kUnusedIdStep-th. No distribution assigns
// these ids (systemd's table of ids calls them unused), and a container with the usual 65,536 ids
// has them.
inline constexpr uint32_t kUnusedIdFirst = 65520;
inline constexpr uint32_t kUnusedIdLast = 65533;
inline constexpr uint32_t kUnusedIdStep = 7;
uint32_t FirstUnusedId(SandboxRole role);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SANDBOX_POLICY_H_
