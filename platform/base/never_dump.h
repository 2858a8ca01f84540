#ifndef RINGWIRE_PLATFORM_BASE_NEVER_DUMP_H_
#define RINGWIRE_PLATFORM_BASE_NEVER_DUMP_H_

#include <sys/prctl.h>

#include "platform/base/sanitizer.h"

namespace ringwire::platform {

// This process' memory, which holds keys, reaches no core dump and no debugger of another process.
inline void NeverDump() {
#ifndef RINGWIRE_UNDER_SANITIZER  // the leak checker attaches to its own process
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_NEVER_DUMP_H_
