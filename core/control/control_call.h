#ifndef RINGWIRE_CORE_CONTROL_CONTROL_CALL_H_
#define RINGWIRE_CORE_CONTROL_CONTROL_CALL_H_

#include "absl/time/time.h"
#include "core/base/instant.h"
#include "core/control/control_plane.h"

namespace ringwire {

// The arguments that ControlPlane's caller passes with every call, in one struct.
struct ControlCall {
  Instant now;
  absl::Time wall_now;
  ControlOutput* out = nullptr;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_CONTROL_CALL_H_
