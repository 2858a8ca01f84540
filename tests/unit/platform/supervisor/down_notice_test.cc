#include "platform/supervisor/down_notice.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "fmt/format.h"

namespace ringwire::platform {
namespace {

// Such names are of the whole network namespace.
std::string Interface() { return fmt::format("test{}", ::getpid()); }

bool IsSameFile(int a, int b) {
  struct stat of_a{};
  struct stat of_b{};
  return ::fstat(a, &of_a) == 0 && ::fstat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
         of_a.st_ino == of_b.st_ino;
}

TEST(DownWatchTest, WithoutAServiceThereIsNothingToWatch) {
  EXPECT_TRUE(absl::IsNotFound(DownWatch::Open(Interface()).status()));
  DownListener none;
  none.Accept();
  none.Tell("nobody hears it", true);
  EXPECT_EQ(none.TakeOutput().error, -1);
}

TEST(DownWatchTest, HearsWhatTheServiceSaysUntilItsEnd) {
  std::optional<DownListener> service(std::in_place, Interface());
  absl::StatusOr<DownWatch> first = DownWatch::Open(Interface());
  absl::StatusOr<DownWatch> second = DownWatch::Open(Interface());
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->service(), ::getpid());
  service->Accept();
  second->GiveOutput();
  testing::internal::CaptureStderr();
  service->Tell("one\ntwo", false);
  EXPECT_TRUE(first->Report("end it"));
  EXPECT_FALSE(first->has_failed());
  service->Tell("at 1\nat 2", true);
  service->Tell(std::string(100'000, 'x'), true);
  EXPECT_TRUE(first->HasService());
  service.reset();
  EXPECT_FALSE(first->Report("end it")) << "what was said before the end is heard";
  const std::string heard = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(
      heard.starts_with("ringwire: warning: one\nringwire: warning: two\nat 1\n"
                        "ringwire: end it: at 2\nringwire: end it: xxx"))
      << heard.substr(0, 200);
  EXPECT_LT(heard.size(), 10'000u);
  EXPECT_TRUE(first->has_failed());
  EXPECT_FALSE(first->HasService());
  testing::internal::CaptureStderr();
  EXPECT_FALSE(second->Report("end it"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), heard) << "also where its output is not taken";
}

TEST(DownWatchTest, HooksPrintWithTheFirstOneThatHandsItsOutputOver) {
  DownListener service(Interface());
  absl::StatusOr<DownWatch> silent = DownWatch::Open(Interface());
  absl::StatusOr<DownWatch> watch = DownWatch::Open(Interface());
  ASSERT_TRUE(silent.ok() && watch.ok());
  service.Accept();
  EXPECT_EQ(service.TakeOutput().standard, -1) << "not yet";
  watch->GiveOutput();
  const ProgramOutput output = service.TakeOutput();
  EXPECT_TRUE(IsSameFile(output.standard, STDOUT_FILENO));
  EXPECT_TRUE(IsSameFile(output.error, STDERR_FILENO));
  EXPECT_EQ(::fcntl(output.error, F_GETFD), FD_CLOEXEC);
}

TEST(DownWatchTest, ANameThatIsTakenIsLeftToItsOwner) {
  const DownListener owner(Interface());
  const DownListener late(Interface());
  EXPECT_GE(owner.fd(), 0);
  EXPECT_EQ(late.fd(), -1);
}

}  // namespace
}  // namespace ringwire::platform
