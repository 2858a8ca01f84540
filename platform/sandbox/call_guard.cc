#include "platform/sandbox/call_guard.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <vector>

#include "core/base/status_macros.h"
#include "platform/sandbox/call_filter.h"

namespace ringwire::platform {
namespace {

std::atomic<uint64_t> refused{0};
std::atomic<int> last_refused{-1};
static_assert(std::atomic<uint64_t>::is_always_lock_free);  // a signal handler's

void SetResult(ucontext_t* context, long result) {
#if defined(__x86_64__)
  context->uc_mcontext.gregs[REG_RAX] = result;
#elif defined(__aarch64__)
  context->uc_mcontext.regs[0] = static_cast<unsigned long>(result);
#endif
}

// The answer to every refused call.
void Refuse(int /*signal*/, siginfo_t* info, void* context) {
  refused.fetch_add(1, std::memory_order_relaxed);
  last_refused.store(info->si_syscall, std::memory_order_relaxed);
  SetResult(static_cast<ucontext_t*>(context), -EPERM);
}

// A blocked signal that the filter raises would end the process.
absl::Status CatchRefusals() {
  struct sigaction action{};
  action.sa_sigaction = &Refuse;
  action.sa_flags = SA_SIGINFO;
  ::sigfillset(&action.sa_mask);
  ::sigdelset(&action.sa_mask, SIGSYS);
  if (::sigaction(SIGSYS, &action, nullptr) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "watch for forbidden system calls");
}

}  // namespace

absl::Status GuardCalls(const CallPolicy& policy) {
  RETURN_IF_ERROR(CatchRefusals());
  std::vector<sock_filter> program = MakeCallFilter(policy);
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  const long result =
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
  if (result == 0) return absl::OkStatus();
  if (result > 0) return absl::InternalError("filter system calls: a thread has another filter");
  if (errno == ENOSYS || errno == EINVAL) {
    return absl::UnavailableError("filter system calls: this kernel has no seccomp filters");
  }
  return absl::ErrnoToStatus(errno, "filter system calls");
}

RefusedCalls CountRefusedCalls() {
  return {refused.load(std::memory_order_relaxed), last_refused.load(std::memory_order_relaxed)};
}

}  // namespace ringwire::platform
