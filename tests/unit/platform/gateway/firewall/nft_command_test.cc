#include "platform/gateway/firewall/nft_command.h"

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
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
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

// A program that takes the place of nft: a shell script that notes the arguments of each run.
class ScriptedNft {
 public:
  explicit ScriptedNft(const std::string& script) {
    std::string name = (std::filesystem::temp_directory_path() / "ringwire-nft-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    std::ofstream file(path());
    file << "#!/bin/sh\necho \"$*\" >>" << log() << "\n" << script << "\n";
    file.close();
    std::filesystem::permissions(path(), std::filesystem::perms::owner_all);
  }
  ~ScriptedNft() { std::filesystem::remove_all(folder_); }
  ScriptedNft(const ScriptedNft&) = delete;
  ScriptedNft& operator=(const ScriptedNft&) = delete;

  NftCommand::Find Find() const {
    return [path = path()] { return path; };
  }
  std::string Runs() const {
    std::ifstream file(log());
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

 private:
  std::string path() const { return folder_ + "/nft"; }
  std::string log() const { return folder_ + "/log"; }
  std::string folder_;
};

constexpr char kIsNew[] =
    "[ \"$1\" != -V ] || { echo 'nftables v1.1.0 (x)'; echo 'json: yes'; exit; }; ";
constexpr char kTried[] = "load the nft table t";

std::string MessageOf(const absl::StatusOr<std::string>& answer) {
  return std::string(answer.status().message());
}

TEST(NftVersionTest, NewOnesWithJsonDo) {
  constexpr char kJson[] = "\n  cli:\t\teditline\n  json:\t\tyes\n  minigmp:\tno\n";
  for (const std::string version : {"1.0.2", "1.0.6 (Lester Gooch #5)", "1.1", "2", "10.0.0"}) {
    EXPECT_TRUE(CheckNftVersion("nftables v" + version + kJson).ok()) << version;
  }
  for (const std::string version : {"1.0.1", "1.0", "0.9.8 (E.D.S.)", "0.10.11", "1.0.", "x", ""}) {
    const absl::Status status = CheckNftVersion("nftables v" + version + kJson);
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << version;
  }
  EXPECT_FALSE(CheckNftVersion("").ok());
  EXPECT_FALSE(CheckNftVersion("nft: invalid option -- 'V'").ok());
  EXPECT_FALSE(CheckNftVersion("nftables v1.0.6\n  json:\t\tno\n  minigmp:\tyes\n").ok());
  EXPECT_FALSE(CheckNftVersion("nftables v1.0.6\n").ok());
}

TEST(NftCommandTest, WhereThereIsNoneItsPackageIsNamed) {
  NftCommand nft([] { return std::nullopt; });
  const auto answer = nft.Run("{}", kTried);
  EXPECT_TRUE(absl::IsNotFound(answer.status()));
  EXPECT_EQ(MessageOf(answer),
            "cannot load the nft table t: this host has no `nft`; install the package `nftables`, "
            "1.0.2 or newer");
}

TEST(NftCommandTest, AnOldOneIsNotUsed) {
  for (const char* const script : {"echo 'nftables v0.9.8 (E.D.S.)'", "echo usage >&2; exit 1"}) {
    const ScriptedNft old(script);
    NftCommand nft(old.Find());
    const auto answer = nft.Run("{}", kTried);
    EXPECT_TRUE(absl::IsFailedPrecondition(answer.status())) << answer.status();
    EXPECT_NE(MessageOf(answer).find("install the package `nftables`"), std::string::npos);
    EXPECT_EQ(old.Runs(), "-V\n") << "nothing else was run";
  }
}

TEST(NftCommandTest, ItsVersionIsCheckedOnce) {
  const ScriptedNft script(std::string(kIsNew) + "cat");
  NftCommand nft(script.Find());
  EXPECT_EQ(nft.Run("one", kTried).value_or(""), "one");
  EXPECT_EQ(nft.Run("two", kTried).value_or(""), "two");
  EXPECT_EQ(script.Runs(), "-V\n-j -t -f -\n-j -t -f -\n");
}

TEST(NftCommandTest, ItsErrorIsTheReason) {
  const ScriptedNft script(std::string(kIsNew) +
                           "echo 'internal:0:0-0: Error: No such table\n\nmore' >&2; exit 1");
  NftCommand nft(script.Find());
  EXPECT_EQ(MessageOf(nft.Run("{}", kTried)),
            "cannot load the nft table t: No such table; run as root on a kernel with nf_tables "
            "(`nft list ruleset` says whether it has)");
}

TEST(NftCommandTest, OneThatHangsIsEnded) {
  const ScriptedNft script(std::string(kIsNew) + "exec sleep 1000");
  NftCommand nft(script.Find(), {.run_time = absl::Milliseconds(300)});
  const auto answer = nft.Run("{}", kTried);
  EXPECT_NE(MessageOf(answer).find("it had not ended after 300ms"), std::string::npos)
      << answer.status();
}

TEST(NftCommandTest, OneThatAnswersWithoutEndIsEnded) {
  const ScriptedNft script(std::string(kIsNew) + "exec yes");
  NftCommand nft(script.Find(), {.answer_bytes = 100'000});
  const auto answer = nft.Run("{}", kTried);
  EXPECT_NE(MessageOf(answer).find("it printed more than 100000 bytes"), std::string::npos)
      << answer.status();
}

TEST(NftCommandTest, AKernelWithoutNetfilterIsAnError) {
  EXPECT_EXIT(
      {
        TakeNetfilterAway();
        const auto answer = RunNft(R"({"nftables":[]})", "load the nft table inet t");
        std::fputs(MessageOf(answer).c_str(), stderr);
        std::exit(answer.ok() ? 1 : 0);
      },
      testing::ExitedWithCode(0),
      "^cannot load the nft table inet t: .*Protocol not supported.*kernel with nf_tables");
}

}  // namespace
}  // namespace ringwire::platform
