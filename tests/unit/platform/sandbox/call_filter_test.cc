#include "platform/sandbox/call_filter.h"

#include <linux/audit.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "gtest/gtest.h"

namespace ringwire::platform {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kNative = AUDIT_ARCH_X86_64;
constexpr uint32_t kForeign = AUDIT_ARCH_I386;
#else
constexpr uint32_t kNative = AUDIT_ARCH_AARCH64;
constexpr uint32_t kForeign = AUDIT_ARCH_ARM;
#endif
constexpr uint32_t kProcess = 4711;

using Arguments = std::array<uint64_t, 6>;

seccomp_data Call(long number, const Arguments& arguments = {}) {
  seccomp_data call{};
  call.nr = static_cast<int>(number);
  call.arch = kNative;
  std::ranges::copy(arguments, call.args);
  return call;
}

// What the kernel's interpreter does, for the instructions that a filter of ours has.
uint32_t Interpret(const std::vector<sock_filter>& program, const seccomp_data& call) {
  uint32_t accumulator = 0;
  for (size_t i = 0; i < program.size(); ++i) {
    const sock_filter& step = program[i];
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&call) + step.k,
                    sizeof(accumulator));
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        accumulator &= step.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        i += accumulator == step.k ? step.jt : step.jf;
        break;
      case BPF_JMP | BPF_JA:
        i += step.k;
        break;
      case BPF_RET | BPF_K:
        return step.k;
      default:
        ADD_FAILURE() << "an unknown instruction " << step.code;
        return 0;
    }
  }
  ADD_FAILURE() << "the end of the program without an answer";
  return 0;
}

class CallFilterTest : public testing::TestWithParam<SandboxRole> {
 protected:
  uint32_t AnswerTo(const seccomp_data& call) const { return Interpret(program_, call); }

  const CallPolicy policy_ = PolicyFor(GetParam(), kProcess);
  const std::vector<sock_filter> program_ = MakeCallFilter(policy_);
};
INSTANTIATE_TEST_SUITE_P(EachRole, CallFilterTest,
                         testing::Values(SandboxRole::kRelay, SandboxRole::kDevice,
                                         SandboxRole::kResolver, SandboxRole::kExporter,
                                         SandboxRole::kPortal, SandboxRole::kCaller,
                                         SandboxRole::kLog, SandboxRole::kRegistrar));

TEST_P(CallFilterTest, AnswersEveryCallAsThePolicySays) {
  constexpr uint32_t kNumbers = 1024;  // more than any kernel has
  for (uint32_t number = 0; number < kNumbers; ++number) {
    const auto rule = std::ranges::find(policy_.allowed, number, &AllowedCall::number);
    const bool always = rule != policy_.allowed.end() && rule->rules.empty();
    const bool fatal = std::ranges::find(policy_.fatal, number) != policy_.fatal.end();
    if (rule != policy_.allowed.end() && !always) continue;  // that depends
    const uint32_t wanted = always  ? SECCOMP_RET_ALLOW
                            : fatal ? SECCOMP_RET_KILL_PROCESS
                                    : SECCOMP_RET_TRAP;
    EXPECT_EQ(AnswerTo(Call(number)), wanted) << "call " << number;
  }
}

TEST_P(CallFilterTest, RefusesWhatReachesTheHost) {
  for (const long number : {SYS_openat,
                            SYS_openat2,
                            SYS_socket,
                            SYS_socketpair,
                            SYS_connect,
                            SYS_listen,
                            SYS_clone,
                            SYS_clone3,
                            SYS_kill,
                            SYS_setresuid,
                            SYS_capset,
                            SYS_prctl,
                            SYS_linkat,
                            SYS_renameat2,
                            SYS_mkdirat,
                            SYS_fchmodat,
                            SYS_mount,
                            SYS_setns,
                            SYS_unshare,
                            SYS_pidfd_getfd,
                            SYS_process_vm_readv,
                            SYS_process_vm_writev,
                            SYS_memfd_create,
                            SYS_keyctl,
                            SYS_perf_event_open,
                            SYS_open_by_handle_at,
                            SYS_init_module,
                            SYS_rt_sigaction}) {
    // It makes only Unix sockets, so it connects nowhere else.
    if (GetParam() == SandboxRole::kExporter && number == SYS_connect) continue;
    // Landlock limits it to its folder; long messages are memory.
    const bool is_file_or_memory = number == SYS_openat || number == SYS_memfd_create;
    if (GetParam() == SandboxRole::kRegistrar && is_file_or_memory) continue;
    if (GetParam() == SandboxRole::kCaller && number == SYS_memfd_create) continue;
    EXPECT_EQ(AnswerTo(Call(number)), SECCOMP_RET_TRAP) << "call " << number;
  }
}

TEST_P(CallFilterTest, EndsTheProcessThatTriesToBecomeAnother) {
  for (const long number :
       {SYS_execve, SYS_execveat, SYS_ptrace, SYS_bpf, SYS_io_uring_setup, SYS_userfaultfd}) {
    EXPECT_EQ(AnswerTo(Call(number)), SECCOMP_RET_KILL_PROCESS) << "call " << number;
  }
}

TEST_P(CallFilterTest, EndsTheProcessThatCallsAsAnotherArchitecture) {
  seccomp_data call = Call(SYS_read);
  call.arch = kForeign;
  EXPECT_EQ(AnswerTo(call), SECCOMP_RET_KILL_PROCESS);
}

TEST_P(CallFilterTest, MemoryNeverBecomesExecutable) {
  for (const long number : {SYS_mmap, SYS_mprotect}) {
    EXPECT_EQ(AnswerTo(Call(number, {0, 4096, PROT_READ | PROT_WRITE})), SECCOMP_RET_ALLOW);
    EXPECT_EQ(AnswerTo(Call(number, {0, 4096, PROT_READ | PROT_EXEC})), SECCOMP_RET_TRAP);
  }
}

TEST_P(CallFilterTest, SignalsNobodyElse) {
  EXPECT_EQ(AnswerTo(Call(SYS_tgkill, {kProcess, 1, 6})), SECCOMP_RET_ALLOW);
  EXPECT_EQ(AnswerTo(Call(SYS_tgkill, {kProcess + 1, 1, 6})), SECCOMP_RET_TRAP);
}

TEST(RelayCallFilterTest, OnlyTheFilesOfARingChange) {
  const auto program = MakeCallFilter(PolicyFor(SandboxRole::kRelay, kProcess));
  const auto answer = [&](uint32_t operation) {
    return Interpret(program, Call(SYS_io_uring_register, {3, operation}));
  };
  EXPECT_EQ(answer(IORING_REGISTER_FILES_UPDATE), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(IORING_UNREGISTER_FILES), SECCOMP_RET_ALLOW);
  constexpr uint32_t kRegisteredRing = uint32_t{1} << 31;
  EXPECT_EQ(answer(IORING_REGISTER_FILES_UPDATE | kRegisteredRing), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(IORING_REGISTER_RESTRICTIONS), SECCOMP_RET_TRAP);
  EXPECT_EQ(answer(IORING_REGISTER_ENABLE_RINGS), SECCOMP_RET_TRAP);
  EXPECT_EQ(answer(IORING_REGISTER_BUFFERS), SECCOMP_RET_TRAP);
}

TEST(RelayCallFilterTest, EachRuleOfACallHasToHold) {
  const auto program = MakeCallFilter(PolicyFor(SandboxRole::kRelay, kProcess));
  const auto answer = [&](uint64_t level, uint64_t option) {
    return Interpret(program, Call(SYS_setsockopt, {3, level, option}));
  };
  EXPECT_EQ(answer(SOL_UDP, UDP_GRO), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(SOL_UDP, UDP_SEGMENT), SECCOMP_RET_TRAP);
  EXPECT_EQ(answer(SOL_SOCKET, UDP_GRO), SECCOMP_RET_TRAP);
  EXPECT_EQ(answer(SOL_SOCKET, SO_MARK), SECCOMP_RET_TRAP);
}

TEST(DeviceCallFilterTest, OpensUdpSocketsAndNoOther) {
  const auto program = MakeCallFilter(PolicyFor(SandboxRole::kDevice, kProcess));
  const auto answer = [&](uint64_t family, uint64_t type, uint64_t protocol) {
    return Interpret(program, Call(SYS_socket, {family, type, protocol}));
  };
  EXPECT_EQ(answer(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(AF_INET6, SOCK_DGRAM, 0), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(AF_INET, SOCK_STREAM, 0), SECCOMP_RET_TRAP);
  EXPECT_EQ(answer(AF_INET, SOCK_RAW, 0), SECCOMP_RET_TRAP);
  EXPECT_EQ(answer(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), SECCOMP_RET_TRAP);
  EXPECT_EQ(answer(AF_UNIX, SOCK_DGRAM, 0), SECCOMP_RET_TRAP);
  EXPECT_EQ(answer(AF_NETLINK, SOCK_DGRAM, 0), SECCOMP_RET_TRAP);
}

TEST(DeviceCallFilterTest, SetsTheOptionsOfItsSocketsEachAtItsLevel) {
  const auto program = MakeCallFilter(PolicyFor(SandboxRole::kDevice, kProcess));
  const auto answer = [&](uint64_t level, uint64_t option) {
    return Interpret(program, Call(SYS_setsockopt, {3, level, option}));
  };
  EXPECT_EQ(answer(SOL_UDP, UDP_GRO), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(SOL_SOCKET, SO_MARK), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(IPPROTO_IP, IP_PKTINFO), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(IPPROTO_IPV6, IPV6_V6ONLY), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(IPPROTO_IP, IP_MTU_DISCOVER), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(SOL_SOCKET, SO_BINDTODEVICE), SECCOMP_RET_TRAP);
  EXPECT_EQ(answer(IPPROTO_IP, IP_TRANSPARENT), SECCOMP_RET_TRAP);
  EXPECT_EQ(answer(IPPROTO_IPV6, SO_MARK), SECCOMP_RET_TRAP);
}

}  // namespace
}  // namespace ringwire::platform
