#include "platform/relay/relay_program.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringwire::platform {
namespace {

TEST(RelayProgramTest, ArgumentsBeginWithTheNameByWhichItIsKnown) {
  std::vector<std::string> arguments = RelayArguments({"wg0", "", 42, {}});
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  EXPECT_TRUE(IsRelayProgram(static_cast<int>(argv.size()), argv.data()));
  EXPECT_FALSE(IsRelayProgram(1, argv.data()));
  EXPECT_EQ(arguments[1], "wg0");
  EXPECT_EQ(arguments[2], "--protocol=1");
  EXPECT_EQ(arguments[3], "--supervisor=42");
}

TEST(RelayProgramTest, LeavesOutFlagsWithoutAValue) {
  DeviceFlags flags;
  flags.io = "epoll";
  const std::vector<std::string> arguments = RelayArguments({"wg0", "blue", 42, flags});
  const std::vector<std::string> expected = {
      "ringwire-relay",   "wg0",         "--protocol=1",     "--supervisor=42",
      "--namespace=blue", "--pin=auto",  "--busy-poll=auto", "--warm-restart=on",
      "--io=epoll",       "--aead=auto", "--log-format=text"};
  EXPECT_EQ(arguments, expected);
}

}  // namespace
}  // namespace ringwire::platform
