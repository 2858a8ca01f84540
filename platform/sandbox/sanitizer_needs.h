#ifndef RINGWIRE_PLATFORM_SANDBOX_SANITIZER_NEEDS_H_
#define RINGWIRE_PLATFORM_SANDBOX_SANITIZER_NEEDS_H_

#include <span>

// Everything that the sandbox allows a sanitizer's run-time library. In the product the list is
// empty and the functions do nothing.
namespace ringwire::platform {

// System calls, in addition to those of a policy.
std::span<const long> SanitizerCalls();

// Opens the file that a report would go to, while files can be opened.
void OpenSanitizerReport();

// Whether this process does without Landlock and the filter of calls, to look for leaks at its end
// instead, because RINGWIRE_LEAK_CHECK is set: the checker attaches to the process from a thread
// that it makes, and reads /proc. Some end-to-end tests are run so.
bool ChecksLeaksInstead();
// Switches the search for leaks off in this process.
void EndLeakChecks();

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SANDBOX_SANITIZER_NEEDS_H_
