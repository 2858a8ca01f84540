#include "platform/sandbox/capabilities.h"

#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <type_traits>

namespace ringwire::platform {
namespace {

struct Free {
  void operator()(std::remove_pointer_t<cap_t>* capabilities) const { ::cap_free(capabilities); }
};
using Capabilities = std::unique_ptr<std::remove_pointer_t<cap_t>, Free>;

bool IsPermitted(const Capabilities& capabilities, cap_value_t capability) {
  cap_flag_value_t value = CAP_CLEAR;
  return ::cap_get_flag(capabilities.get(), capability, CAP_PERMITTED, &value) == 0 &&
         value == CAP_SET;
}

bool SetEffective(cap_value_t capability, cap_flag_value_t value) {
  const Capabilities now(::cap_get_proc());
  return now != nullptr && ::cap_set_flag(now.get(), CAP_EFFECTIVE, 1, &capability, value) == 0 &&
         ::cap_set_proc(now.get()) == 0;
}

}  // namespace

WithoutCapability::WithoutCapability(cap_value_t capability) : capability_(capability) {
  const Capabilities now(::cap_get_proc());
  cap_flag_value_t value = CAP_CLEAR;
  had_it_ = now != nullptr && ::cap_get_flag(now.get(), capability, CAP_EFFECTIVE, &value) == 0 &&
            value == CAP_SET && SetEffective(capability, CAP_CLEAR);
}

WithoutCapability::~WithoutCapability() {
  if (had_it_) SetEffective(capability_, CAP_SET);
}

void NarrowBounds(std::span<const cap_value_t> kept) {
  for (cap_value_t capability = 0; capability < ::cap_max_bits(); ++capability) {
    if (std::ranges::find(kept, capability) == kept.end()) ::cap_drop_bound(capability);
  }
}

absl::Status KeepAcrossIdentity() {
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "keep capabilities");
}

absl::Status KeepCapabilities(std::span<const cap_value_t> kept) {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  const Capabilities now(::cap_get_proc());
  const Capabilities keep(::cap_init());
  if (now == nullptr || keep == nullptr) return absl::ErrnoToStatus(errno, "read capabilities");
  for (const cap_value_t capability : kept) {
    if (!IsPermitted(now, capability)) continue;
    ::cap_set_flag(keep.get(), CAP_PERMITTED, 1, &capability, CAP_SET);
    ::cap_set_flag(keep.get(), CAP_EFFECTIVE, 1, &capability, CAP_SET);
  }
  if (::cap_set_proc(keep.get()) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "drop capabilities");
}

}  // namespace ringwire::platform
