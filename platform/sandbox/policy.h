#ifndef RINGWIRE_PLATFORM_SANDBOX_POLICY_H_
#define RINGWIRE_PLATFORM_SANDBOX_POLICY_H_

#include <cstdint>
#include <string_view>
#include <vector>

// What a process that parses bytes of the network may still do. Pure: a description, which
// call_filter.h turns into a program and confine.h puts into force.
namespace ringwire::platform {

// The processes that parse bytes of the network.
enum class SandboxRole {
  kRelay,     // of `run` and `up`: what it needs later, it asks of its supervisor
  kDevice,    // `ringwire IFNAME`: has nobody to ask
  kResolver,  // looks names up, by sockets that it is given
};

// The lower 32 bits of an argument, masked, are one of the values.
struct ArgumentRule {
  uint32_t index = 0;
  uint32_t mask = ~uint32_t{0};
  std::vector<uint32_t> values;
};

// A system call that is allowed: always, or when all of its rules hold. One that is there more than
// once is allowed where any of them allows it.
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

// The account that the role runs as where the system has it.
std::string_view AccountOf(SandboxRole role);
// Where it has not: the first of the ids that the role tries, each kUnusedIdStep behind the last.
// No distribution gives these ids out (systemd's table of ids calls them unused), and a container
// with the usual 65,536 ids has them.
inline constexpr uint32_t kUnusedIdFirst = 65520;
inline constexpr uint32_t kUnusedIdLast = 65533;
inline constexpr uint32_t kUnusedIdStep = 2;
uint32_t FirstUnusedId(SandboxRole role);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SANDBOX_POLICY_H_
