#ifndef RINGWIRE_PLATFORM_SANDBOX_CAPABILITIES_H_
#define RINGWIRE_PLATFORM_SANDBOX_CAPABILITIES_H_

#include <sys/capability.h>

#include <span>

#include "absl/status/status.h"

namespace ringwire::platform {

// Gives up every capability but `kept`, in all sets of this thread, permanently. Call NarrowBounds
// before the change of user, which removes the right to do so; without that right the bounding set
// stays, and no_new_privs makes it useless. Call KeepCapabilities after the change; it needs
// KeepAcrossIdentity before it.
void NarrowBounds(std::span<const cap_value_t> kept);
absl::Status KeepAcrossIdentity();
absl::Status KeepCapabilities(std::span<const cap_value_t> kept);

// Drops a capability of this thread while in scope. A descriptor opened meanwhile never lets
// anybody use the capability: the kernel also checks the opener's rights.
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
