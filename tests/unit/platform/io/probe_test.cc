#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <string>

#include "platform/io/backend_factory.h"
#include "platform/tun/tun_device.h"
#include "tests/unit/platform/io/network_namespace.h"

namespace ringwire::platform {
namespace {

using ProbeTest = NetworkNamespaceTest;

TEST_F(ProbeTest, FindsIoUringUsableAndLeavesNoDeviceBehind) {
  SetLinkUp("lo", false);  // needs nobody's help
  for (int i = 0; i < 3; ++i) {
    const absl::Status status = ProbeIoUring();
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(::if_nametoindex(("rwprobe" + std::to_string(::getpid())).c_str()), 0);
  }
}

TEST_F(ProbeTest, SaysWhatWasRefused) {
  const absl::StatusOr<TunDevice> in_the_way =
      CreateTunDevice({"rwprobe" + std::to_string(::getpid()), 1, false, false});
  ASSERT_TRUE(in_the_way.ok()) << in_the_way.status();
  const absl::Status status = ProbeIoUring();
  EXPECT_TRUE(absl::IsAlreadyExists(status)) << status;
}

// Makes io_uring_setup() fail with `error` in this process for good, as container runtimes do.
void ForbidIoUring(uint32_t error) {
  std::array<sock_filter, 4> program{
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog filter{program.size(), program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    ::_exit(2);
  }
}

// Probes, prints the error to stderr and ends the process.
void ProbeAndExit() {
  const absl::Status status = ProbeIoUring();
  std::fputs(status.ToString().c_str(), stderr);
  ::_exit(status.ok() ? 1 : 0);
}

using ProbeDeathTest = ProbeTest;

TEST_F(ProbeDeathTest, NamesASeccompFilter) {
  EXPECT_EXIT((ForbidIoUring(EPERM), ProbeAndExit()), testing::ExitedWithCode(0),
              "PERMISSION_DENIED: set up io_uring .*seccomp");
}

TEST_F(ProbeDeathTest, NamesAKernelWithoutIoUring) {
  EXPECT_EXIT((ForbidIoUring(ENOSYS), ProbeAndExit()), testing::ExitedWithCode(0),
              "this kernel has no io_uring");
}

}  // namespace
}  // namespace ringwire::platform
