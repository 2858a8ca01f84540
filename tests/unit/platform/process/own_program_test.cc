#include "platform/process/own_program.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace ringwire::platform {
namespace {

TEST(OwnProgramTest, KnowsWhereItWasStartedFrom) {
  EXPECT_EQ(InstalledProgram(), std::filesystem::read_symlink("/proc/self/exe").string());
}

TEST(OwnProgramTest, AProgramThatCannotStartIsAnError) {
  const absl::StatusOr<pid_t> started = StartProgramAt("/nonexistent", {"name"}, STDERR_FILENO);
  EXPECT_TRUE(absl::IsNotFound(started.status())) << started.status();
}

}  // namespace
}  // namespace ringwire::platform
