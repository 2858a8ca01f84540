#include "platform/gateway/plan/dns_calls.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "platform/base/shell_text.h"
#include "platform/process/program.h"

namespace ringwire::platform {
namespace {

// Programs in the place of the system's, which print their name, arguments and input.
class Programs {
 public:
  Programs() {
    std::string name = (std::filesystem::temp_directory_path() / "ringwire-dns-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    for (const char* const program : {"resolvconf", "resolvectl"}) {
      const std::string path = PathOf(program);
      std::ofstream(path) << "#!/bin/sh\nprintf '<%s>' \"${0##*/}\" \"$@\"\necho\n"
                          << (std::string(program) == "resolvconf" ? "cat\n" : "");
      std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    }
  }
  ~Programs() { std::filesystem::remove_all(folder_); }
  Programs(const Programs&) = delete;
  Programs& operator=(const Programs&) = delete;

  // What they print when the calls are made, as Host does,
  std::string Made(const std::vector<ProgramCall>& calls) const {
    std::string printed;
    for (const ProgramCall& call : calls) {
      std::vector<std::string> arguments = {PathOf(call.program)};
      arguments.insert(arguments.end(), call.arguments.begin(), call.arguments.end());
      const std::string input = InputOf(call);
      printed += Printed(AskProgram(arguments, {.input = input}, kPrintedMax));
    }
    return printed;
  }
  // and when a person types what a dry run prints.
  std::string Typed(const std::vector<ProgramCall>& calls) const {
    const std::string commands = "PATH=" + folder_ + ":$PATH\n" + ShellCommands(calls);
    return Printed(AskProgram({"/bin/sh", "-e", "-c", commands}, {}, kPrintedMax));
  }

 private:
  static constexpr size_t kPrintedMax = 100'000;
  std::string PathOf(const std::string& program) const { return folder_ + "/" + program; }
  static std::string Printed(const ProgramAnswer& answer) {
    EXPECT_TRUE(answer.status.ok()) << answer.status << answer.error;
    return answer.output;
  }
  std::string folder_;
};

const std::vector<std::string> kServers = {"10.0.0.53", "fd00::53%wg0"};
const std::vector<std::string> kSearch = {"lan", "~corp", "it's", "a b", "$(id)", "`id`", "*", ""};

TEST(DnsCallsTest, WhatIsPrintedIsWhatRuns) {
  const Programs programs;
  for (const DnsProgram program : {DnsProgram::kResolvconf, DnsProgram::kResolvectl}) {
    for (const auto& search : {kSearch, std::vector<std::string>()}) {
      const std::vector<ProgramCall> set =
          CallsOf(action::SetDns{program, "tun.wg0", kServers, search});
      EXPECT_EQ(programs.Typed(set), programs.Made(set)) << ShellCommands(set);
      EXPECT_NE(programs.Made(set).find("10.0.0.53"), std::string::npos);
    }
    const std::vector<ProgramCall> revert = CallsOf(action::RevertDns{program, "wg=+0"});
    EXPECT_EQ(programs.Typed(revert), programs.Made(revert)) << ShellCommands(revert);
    EXPECT_NE(programs.Made(revert).find("<wg=+0>"), std::string::npos);
  }
}

TEST(DnsCallsTest, AllNamesAreAskedOfTheTunnelsServers) {
  const std::vector<ProgramCall> calls =
      CallsOf(action::SetDns{DnsProgram::kResolvectl, "wg0", {"10.0.0.53"}, {"lan"}});
  EXPECT_EQ(calls, (std::vector<ProgramCall>{{"resolvectl", {"dns", "wg0", "10.0.0.53"}, {}},
                                             {"resolvectl", {"domain", "wg0", "lan", "~."}, {}}}));
}

TEST(ShellTextTest, OnlyWhatTheShellWouldChangeIsQuoted) {
  EXPECT_EQ(ShellWord("net/ipv4/conf/a.b/rp_filter=2"), "net/ipv4/conf/a.b/rp_filter=2");
  EXPECT_EQ(ShellWord("~."), "'~.'");
  EXPECT_EQ(ShellWord(""), "''");
  EXPECT_EQ(ShellQuoted("it's"), "'it'\\''s'");
}

}  // namespace
}  // namespace ringwire::platform
