#ifndef RINGWIRE_PLATFORM_DOCTOR_FINDING_H_
#define RINGWIRE_PLATFORM_DOCTOR_FINDING_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ringwire::platform {

enum class Verdict : uint8_t {
  kOk,
  kWarning,  // a tunnel works, but slower or with less than it could
  kFault,    // a tunnel does not start, or carries nothing
};

// One line of `ringwire doctor`.
struct Finding {
  Verdict verdict = Verdict::kOk;
  std::string topic;  // "tun"
  std::string text;   // what was found
  std::string fix;    // what to do; empty if there is nothing to do
  friend bool operator==(const Finding&, const Finding&) = default;
};
using Findings = std::vector<Finding>;

// The findings as lines for people, the fix of each below it. Pure.
std::string FormatFindings(std::span<const Finding> findings);
bool HasFault(std::span<const Finding> findings);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_DOCTOR_FINDING_H_
