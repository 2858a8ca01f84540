#ifndef RINGWIRE_TESTS_UNIT_PLATFORM_IO_REFUSE_SYSTEM_CALL_H_
#define RINGWIRE_TESTS_UNIT_PLATFORM_IO_REFUSE_SYSTEM_CALL_H_

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace ringwire::platform {

inline void InstallSystemCallFilter(const sock_fprog& filter) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    ::_exit(2);
  }
}

// Makes a system call (SYS_...) fail with `error` in this process for good, as container runtimes
// do. For the child of a death test.
inline void RefuseSystemCall(uint32_t number, uint32_t error) {
  std::array<sock_filter, 4> program{
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  InstallSystemCallFilter({program.size(), program.data()});
}

// As above, of every ioctl() with this request one of the bits `argument_bits` in whose argument is
// set. An error of 0: the caller believes that it was done.
inline void RefuseIoctl(uint32_t request, uint32_t argument_bits, uint32_t error) {
  std::array<sock_filter, 8> program{
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 5),
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[1])),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, request, 0, 3),
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, argument_bits, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  InstallSystemCallFilter({program.size(), program.data()});
}

// As above, of every write() of exactly so many bytes.
inline void RefuseWriteOf(uint32_t bytes, uint32_t error) {
  std::array<sock_filter, 6> program{
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 3),
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, bytes, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  InstallSystemCallFilter({program.size(), program.data()});
}

}  // namespace ringwire::platform

#endif  // RINGWIRE_TESTS_UNIT_PLATFORM_IO_REFUSE_SYSTEM_CALL_H_
