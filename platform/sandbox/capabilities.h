#ifndef RINGWIRE_PLATFORM_SANDBOX_CAPABILITIES_H_
#define RINGWIRE_PLATFORM_SANDBOX_CAPABILITIES_H_

#include <sys/capability.h>

#include <span>

#include "absl/status/status.h"

namespace ringwire::platform {

// Gives up every capability but `kept`, in all sets of this thread, for good. NarrowBounds comes
// before the change of user, which takes the right to do so; where that right is missing the
// bounding set stays, and no_new_privs keeps it from being of use. KeepCapabilities comes behind
// the change, and only then if KeepAcrossIdentity came before.
void NarrowBounds(std::span<const cap_value_t> kept);
absl::Status KeepAcrossIdentity();
absl::Status KeepCapabilities(std::span<const cap_value_t> kept);

// A capability that this thread does without while this is in scope. What is opened meanwhile never
// lets anybody use it: the kernel asks for the rights of the opener as well.
class WithoutCapability {
 public:
  explicit WithoutCapability(cap_value_t capability);
  ~WithoutCapability();
  WithoutCapability(const WithoutCapability&) = delete;
  WithoutCapability& operator=(const WithoutCapability&) = delete;

 private:
  const cap_value_t capability_;
  bool had_it_ = false;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SANDBOX_CAPABILITIES_H_
