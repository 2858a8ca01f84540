#include "platform/base/start_thread.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <cstddef>

namespace ringwire::platform {
namespace {

TEST(StartThreadTest, RunsItsBody) {
  int answer = 0;
  absl::StatusOr<std::thread> thread = StartThread([&answer] { answer = 42; });
  ASSERT_TRUE(thread.ok());
  thread->join();
  EXPECT_EQ(answer, 42);
}

// The system refuses a thread whose stack finds no room as it does one that exceeds a limit.
TEST(StartThreadTest, ARefusalIsAnErrorWithTheWayOut) {
  pthread_attr_t before;
  ASSERT_EQ(pthread_getattr_default_np(&before), 0);
  pthread_attr_t vast;
  ASSERT_EQ(pthread_attr_init(&vast), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&vast, size_t{1} << 47), 0);
  ASSERT_EQ(pthread_setattr_default_np(&vast), 0);
  const absl::StatusOr<std::thread> thread = StartThread([] { FAIL() << "it cannot run"; });
  ASSERT_EQ(pthread_setattr_default_np(&before), 0);
  pthread_attr_destroy(&vast);
  ASSERT_FALSE(thread.ok());
  EXPECT_NE(thread.status().message().find("start a thread"), std::string::npos);
  EXPECT_NE(thread.status().message().find("TasksMax"), std::string::npos);
}

}  // namespace
}  // namespace ringwire::platform
