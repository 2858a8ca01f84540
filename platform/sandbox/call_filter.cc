#include "platform/sandbox/call_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace ringwire::platform {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "Add the architecture here and in call_guard.cc"
#endif
static_assert(std::endian::native ==
              std::endian::little);  // the lower half of an argument is first

using Program = std::vector<sock_filter>;

void Load(size_t offset, Program* program) {
  program->push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)));
}

void Return(uint32_t answer, Program* program) {
  program->push_back(BPF_STMT(BPF_RET | BPF_K, answer));
}

// Jumps over this many instructions if the loaded value is, or is not, `value`.
void Compare(uint32_t value, size_t skip_if_equal, size_t skip_if_not, Program* program) {
  program->push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, static_cast<uint8_t>(skip_if_equal),
                              static_cast<uint8_t>(skip_if_not)));
}

// The rule, followed by `behind`, which runs if the rule holds and is skipped otherwise.
Program Guard(const ArgumentRule& rule, const Program& behind) {
  Program program;
  Load(offsetof(seccomp_data, args) + rule.index * sizeof(uint64_t), &program);
  program.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, rule.mask));
  for (size_t i = 0; i < rule.values.size(); ++i) {
    Compare(rule.values[i], rule.values.size() - i, 0, &program);
  }
  program.push_back(BPF_STMT(BPF_JMP | BPF_JA, static_cast<uint32_t>(behind.size())));
  program.insert(program.end(), behind.begin(), behind.end());
  return program;
}

void LoadNumber(Program* program) { Load(offsetof(seccomp_data, nr), program); }

// The number of the call is loaded before and after it.
void AddCall(const AllowedCall& call, Program* program) {
  Program answer;
  Return(SECCOMP_RET_ALLOW, &answer);
  for (size_t i = call.rules.size(); i-- > 0;) answer = Guard(call.rules[i], answer);
  if (!call.rules.empty()) LoadNumber(&answer);
  Compare(call.number, 0, answer.size(), program);
  program->insert(program->end(), answer.begin(), answer.end());
}

}  // namespace

std::vector<sock_filter> MakeCallFilter(const CallPolicy& policy) {
  Program program;
  Load(offsetof(seccomp_data, arch), &program);
  Compare(kArchitecture, 1, 0, &program);
  Return(SECCOMP_RET_KILL_PROCESS, &program);  // the calls of another kind of machine
  LoadNumber(&program);
  for (const AllowedCall& call : policy.allowed) AddCall(call, &program);
  for (const uint32_t number : policy.fatal) {
    Compare(number, 0, 1, &program);
    Return(SECCOMP_RET_KILL_PROCESS, &program);
  }
  Return(SECCOMP_RET_TRAP, &program);
  return program;
}

}  // namespace ringwire::platform
