#include "platform/sandbox/policy.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <initializer_list>
#include <span>
#include <utility>

#include "platform/sandbox/sanitizer_needs.h"

namespace ringwire::platform {
namespace {

using Calls = std::vector<AllowedCall>;

// A value of the kernel's headers, whatever its type there.
template <typename Value>
constexpr uint32_t Bits(Value value) {
  return static_cast<uint32_t>(value);
}

void Allow(std::span<const long> numbers, Calls* calls) {
  for (const long number : numbers) calls->push_back({Bits(number), {}});
}

void Allow(std::initializer_list<long> numbers, Calls* calls) {
  Allow(std::span<const long>(numbers.begin(), numbers.size()), calls);
}

void AllowIf(long number, std::vector<ArgumentRule> rules, Calls* calls) {
  calls->push_back({Bits(number), std::move(rules)});
}

// The whole argument is one of `values`.
ArgumentRule Is(uint32_t index, std::vector<uint32_t> values) {
  return {index, ~uint32_t{0}, std::move(values)};
}

ArgumentRule HasNot(uint32_t index, uint32_t bits) { return {index, bits, {0}}; }

// The C library's calls for memory, threads and time. Memory is never made executable.
void AddProcess(uint32_t process, Calls* calls) {
  Allow({SYS_futex,
         SYS_clock_gettime,
         SYS_clock_nanosleep,
         SYS_nanosleep,
         SYS_sched_yield,
         SYS_getrandom,
         SYS_munmap,
         SYS_madvise,
         SYS_mremap,
         SYS_brk,
         SYS_rt_sigreturn,
         SYS_rt_sigprocmask,
         SYS_sigaltstack,
         SYS_gettid,
         SYS_getpid,
         SYS_getuid,
         SYS_restart_syscall,
         SYS_exit,
         SYS_exit_group,
         SYS_set_robust_list,
         SYS_sched_getaffinity,
         SYS_gettimeofday,
         SYS_rseq},
        calls);
#ifdef SYS_futex_waitv
  Allow({SYS_futex_waitv}, calls);
#endif
  AllowIf(SYS_mmap, {HasNot(2, PROT_EXEC)}, calls);
  AllowIf(SYS_mprotect, {HasNot(2, PROT_EXEC)}, calls);
  AllowIf(SYS_tgkill, {Is(0, {process})}, calls);  // abort()
}

// Calls on existing descriptors.
void AddDescriptors(Calls* calls) {
  Allow({SYS_recvmsg, SYS_sendmsg, SYS_read, SYS_write, SYS_writev, SYS_close, SYS_fstat, SYS_lseek,
         SYS_readv, SYS_pread64, SYS_ppoll, SYS_recvfrom, SYS_sendto, SYS_getsockname,
         SYS_getsockopt, SYS_dup3},
        calls);
#ifdef SYS_poll
  Allow({SYS_poll}, calls);
#endif
#ifdef SYS_dup2
  Allow({SYS_dup2}, calls);
#endif
  AllowIf(SYS_newfstatat, {Is(3, {AT_EMPTY_PATH})}, calls);  // fstat() of glibc 2.33 to 2.38
  AllowIf(SYS_fcntl, {Is(1, {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC})}, calls);
}

// A running device: packets and the wait for them, timers, connections of its listeners, its
// stamps, and the changes that backends make to a socket or a queue while they run. In a ring only
// the table of files changes.
void AddDevice(Calls* calls) {
  Allow({SYS_io_uring_enter, SYS_recvmmsg, SYS_sendmmsg, SYS_epoll_pwait, SYS_timerfd_settime,
         SYS_epoll_ctl, SYS_accept4, SYS_getrusage, SYS_pwrite64, SYS_ftruncate, SYS_fsync},
        calls);
#ifdef SYS_epoll_wait
  Allow({SYS_epoll_wait}, calls);
#endif
  constexpr uint32_t kRegisteredRing = uint32_t{1} << 31;  // a flag of every operation
  AllowIf(SYS_io_uring_register,
          {{1,
            ~kRegisteredRing,
            {IORING_REGISTER_FILES_UPDATE, IORING_UNREGISTER_FILES, IORING_UNREGISTER_RING_FDS}}},
          calls);
  AllowIf(SYS_ioctl, {Is(1, {Bits(TUNGETIFF), Bits(TUNSETOFFLOAD)})}, calls);
  AllowIf(SYS_setsockopt, {Is(1, {SOL_UDP}), Is(2, {UDP_GRO})}, calls);
}

// UDP sockets for another port or mark; and removal of the control sockets' files, to which
// Landlock limits it.
void AddOwnSockets(Calls* calls) {
  constexpr uint32_t kTypeFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  AllowIf(SYS_socket, {Is(0, {AF_INET, AF_INET6}), {1, ~kTypeFlags, {SOCK_DGRAM}}, Is(2, {0})},
          calls);
  Allow({SYS_bind}, calls);
  AllowIf(SYS_setsockopt,
          {Is(1, {SOL_SOCKET}),
           Is(2, {SO_MARK, SO_REUSEPORT, SO_RCVBUF, SO_SNDBUF, SO_RCVBUFFORCE, SO_SNDBUFFORCE})},
          calls);
  AllowIf(SYS_setsockopt, {Is(1, {IPPROTO_IP}), Is(2, {IP_PKTINFO, IP_RECVTOS, IP_MTU_DISCOVER})},
          calls);
  AllowIf(SYS_setsockopt,
          {Is(1, {IPPROTO_IPV6}), Is(2, {IPV6_V6ONLY, IPV6_RECVPKTINFO, IPV6_RECVTCLASS})}, calls);
  Allow({SYS_newfstatat, SYS_unlinkat}, calls);
#ifdef SYS_unlink
  Allow({SYS_unlink}, calls);
#endif
}

// Connections of its listener, and to the status sockets of a folder that is open.
void AddExporter(Calls* calls) {
  constexpr uint32_t kTypeFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  Allow({SYS_accept4, SYS_shutdown, SYS_connect, SYS_getdents64, SYS_newfstatat}, calls);
  AllowIf(SYS_socket, {Is(0, {AF_UNIX}), {1, ~kTypeFlags, {SOCK_STREAM}}, Is(2, {0})}, calls);
  AllowIf(SYS_setsockopt, {Is(1, {SOL_SOCKET}), Is(2, {SO_SNDTIMEO})}, calls);
}

// What another process passes as sealed memory.
void AddSealedMemory(Calls* calls) { AllowIf(SYS_fcntl, {Is(1, {F_GET_SEALS})}, calls); }

// The caller's answers: memory that it fills and seals.
void AddCaller(Calls* calls) {
  AddSealedMemory(calls);
  Allow({SYS_memfd_create}, calls);
  AllowIf(SYS_fcntl, {Is(1, {F_ADD_SEALS})}, calls);
}

// Connections of its listeners.
void AddPortal(Calls* calls) {
  Allow({SYS_epoll_pwait, SYS_epoll_ctl, SYS_accept4, SYS_shutdown}, calls);
#ifdef SYS_epoll_wait
  Allow({SYS_epoll_wait}, calls);
#endif
  AddSealedMemory(calls);
}

// The files of a log.
void AddLog(Calls* calls) { Allow({SYS_pwrite64, SYS_ftruncate}, calls); }

// Files of its own folder, as SQLite uses them, and memory for long messages. Landlock limits the
// folder.
void AddRegistrar(Calls* calls) {
  Allow({SYS_openat, SYS_newfstatat, SYS_unlinkat, SYS_faccessat, SYS_faccessat2, SYS_pwrite64,
         SYS_ftruncate, SYS_fsync, SYS_fdatasync, SYS_getcwd, SYS_geteuid, SYS_fchmod,
         SYS_memfd_create, SYS_epoll_ctl, SYS_epoll_pwait, SYS_readlinkat, SYS_getegid},
        calls);
#ifdef SYS_open
  Allow({SYS_open, SYS_unlink, SYS_stat, SYS_lstat, SYS_access, SYS_readlink}, calls);
#endif
#ifdef SYS_epoll_wait
  Allow({SYS_epoll_wait}, calls);
#endif
  AllowIf(SYS_fcntl, {Is(1, {F_SETLK, F_GETLK, F_ADD_SEALS, F_GET_SEALS})}, calls);
}

}  // namespace

CallPolicy PolicyFor(SandboxRole role, uint32_t process) {
  CallPolicy policy;
  Calls* const calls = &policy.allowed;
  switch (role) {
    case SandboxRole::kDevice:
      AddDevice(calls);
      AddOwnSockets(calls);
      break;
    case SandboxRole::kRelay:
      AddDevice(calls);
      break;
    case SandboxRole::kResolver:
      break;
    case SandboxRole::kExporter:
      AddExporter(calls);
      break;
    case SandboxRole::kPortal:
      AddPortal(calls);
      break;
    case SandboxRole::kCaller:
      AddCaller(calls);
      break;
    case SandboxRole::kLog:
      AddLog(calls);
      break;
    case SandboxRole::kRegistrar:
      AddRegistrar(calls);
      break;
  }
  AddDescriptors(calls);
  AddProcess(process, calls);
  Allow(SanitizerCalls(), calls);
  // Our code makes none of these calls, even by mistake: only an attacker in the process does.
  policy.fatal = {SYS_execve, SYS_execveat,       SYS_ptrace,
                  SYS_bpf,    SYS_io_uring_setup, SYS_userfaultfd};
  return policy;
}

std::string_view AccountOf(SandboxRole role) {
  switch (role) {
    case SandboxRole::kRelay:
    case SandboxRole::kDevice:
      return "ringwire-relay";
    case SandboxRole::kResolver:
      return "ringwire-resolver";
    case SandboxRole::kExporter:
      return "ringwire-exporter";
    case SandboxRole::kPortal:
      return "ringwire-portal";
    case SandboxRole::kCaller:
      return "ringwire-caller";
    case SandboxRole::kLog:
      return "ringwire-log";
    case SandboxRole::kRegistrar:
      return "ringwire-registrar";
  }
  return {};
}

uint32_t FirstUnusedId(SandboxRole role) {
  switch (role) {
    case SandboxRole::kRelay:
    case SandboxRole::kDevice:
      return kUnusedIdFirst;
    case SandboxRole::kResolver:
      return kUnusedIdFirst + 1;
    case SandboxRole::kLog:
      return kUnusedIdFirst + 2;
    case SandboxRole::kExporter:
      return kUnusedIdFirst + 3;
    case SandboxRole::kPortal:
      return kUnusedIdFirst + 4;
    case SandboxRole::kCaller:
      return kUnusedIdFirst + 6;
    case SandboxRole::kRegistrar:
      return kUnusedIdFirst + 5;
  }
  return kUnusedIdFirst;
}

}  // namespace ringwire::platform
