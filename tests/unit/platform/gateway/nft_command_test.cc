#include "platform/gateway/nft_command.h"

#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "gtest/gtest.h"

namespace ringwire::platform {
namespace {

constexpr uint32_t kFirstHalf = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 4;

constexpr sock_filter Load(size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
}
constexpr uint32_t Argument(size_t number) {
  return static_cast<uint32_t>(offsetof(seccomp_data, args) + number * sizeof(uint64_t)) +
         kFirstHalf;
}

// From now on this process is on a kernel that has no netfilter to speak to.
void TakeNetfilterAway() {
  std::array<sock_filter, 8> filter = {
      Load(offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 5),
      Load(Argument(0)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 3),
      Load(Argument(2)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NETLINK_NETFILTER, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPROTONOSUPPORT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    std::perror("seccomp");
    std::exit(2);
  }
}

TEST(NftCommandTest, AKernelWithoutNetfilterIsAnErrorAndNoEnd) {
  EXPECT_EXIT(
      {
        TakeNetfilterAway();
        const auto answer = RunNft(R"({"nftables":[]})", "load the nft table inet t");
        std::fputs(std::string(answer.status().message()).c_str(), stderr);
        std::exit(answer.ok() ? 1 : 0);
      },
      testing::ExitedWithCode(0),
      "^load the nft table inet t: Protocol not supported \\(does this kernel have nf_tables");
}

}  // namespace
}  // namespace ringwire::platform
