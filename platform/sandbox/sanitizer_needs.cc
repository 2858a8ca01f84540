#include "platform/sandbox/sanitizer_needs.h"

#include "platform/base/sanitizer.h"

#ifdef RINGWIRE_UNDER_SANITIZER
#include <sanitizer/common_interface_defs.h>
#include <sys/syscall.h>

#include <array>
#include <atomic>
#include <cstdlib>

namespace {
std::atomic<bool> leak_checks_ended{false};
}  // namespace

// The leak checker asks this when the process ends.
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() { return leak_checks_ended ? 1 : 0; }

namespace ringwire::platform {

std::span<const long> SanitizerCalls() {
  // A thread that ends asks for the bounds of its stack. UBSan's check of types tries by a pipe
  // whether it may read an address, and takes a refusal for a wrong type.
  static constexpr std::array kCalls{
      long{SYS_prlimit64},
      long{SYS_pipe2},
#ifdef SYS_pipe
      long{SYS_pipe},
#endif
  };
  return kCalls;
}

void OpenSanitizerReport() { __sanitizer_get_report_path(); }

bool ChecksLeaksInstead() { return std::getenv("RINGWIRE_LEAK_CHECK") != nullptr; }

void EndLeakChecks() { leak_checks_ended = true; }

}  // namespace ringwire::platform

#else

namespace ringwire::platform {

std::span<const long> SanitizerCalls() { return {}; }

void OpenSanitizerReport() {}

bool ChecksLeaksInstead() { return false; }

void EndLeakChecks() {}

}  // namespace ringwire::platform

#endif  // RINGWIRE_UNDER_SANITIZER
