#include "platform/base/event_poll.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

namespace ringwire::platform {
namespace {

UniqueFd ReadyEvent() { return UniqueFd(::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK)); }

TEST(EventPollTest, CallsOnlyReadyFunctions) {
  EventPoll poll;
  const UniqueFd ready = ReadyEvent();
  const UniqueFd silent(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  int ready_calls = 0;
  int silent_calls = 0;
  ASSERT_TRUE(poll.Add(ready.get(), EPOLLIN, [&](uint32_t) { ++ready_calls; }).ok());
  ASSERT_TRUE(poll.Add(silent.get(), EPOLLIN, [&](uint32_t) { ++silent_calls; }).ok());
  ASSERT_TRUE(poll.Wait(/*may_block=*/true).ok());
  EXPECT_EQ(ready_calls, 1);
  EXPECT_EQ(silent_calls, 0);
}

TEST(EventPollTest, DoesNotCallARemovedFunction) {
  EventPoll poll;
  const UniqueFd a = ReadyEvent();
  const UniqueFd b = ReadyEvent();
  int calls = 0;
  // Whichever comes first removes both, itself included.
  const auto remove_both = [&](uint32_t) {
    ++calls;
    poll.Remove(a.get());
    poll.Remove(b.get());
  };
  ASSERT_TRUE(poll.Add(a.get(), EPOLLIN, remove_both).ok());
  ASSERT_TRUE(poll.Add(b.get(), EPOLLIN, remove_both).ok());
  ASSERT_TRUE(poll.Wait(/*may_block=*/false).ok());
  EXPECT_EQ(calls, 1);
}

TEST(EventPollTest, DoesNotTakeAnOldEventForAReusedDescriptor) {
  EventPoll poll;
  UniqueFd first = ReadyEvent();
  UniqueFd second = ReadyEvent();
  int old_calls = 0;
  int new_calls = 0;
  const auto replace_both = [&](uint32_t) {
    ++old_calls;
    for (UniqueFd* fd : {&first, &second}) {
      const int number = fd->get();
      poll.Remove(number);
      fd->Reset();
      *fd = ReadyEvent();
      ASSERT_TRUE(poll.Add(fd->get(), EPOLLIN, [&](uint32_t) { ++new_calls; }).ok());
    }
  };
  ASSERT_TRUE(poll.Add(first.get(), EPOLLIN, replace_both).ok());
  ASSERT_TRUE(poll.Add(second.get(), EPOLLIN, replace_both).ok());
  ASSERT_TRUE(poll.Wait(/*may_block=*/false).ok());
  EXPECT_EQ(old_calls, 1);
  EXPECT_EQ(new_calls, 0);
  ASSERT_TRUE(poll.Wait(/*may_block=*/false).ok());
  EXPECT_EQ(new_calls, 2);
}

TEST(EventPollTest, RefusesADescriptorThatCannotBePolled) {
  EventPoll poll;
  EXPECT_FALSE(poll.Add(-1, EPOLLIN, [](uint32_t) {}).ok());
}

}  // namespace
}  // namespace ringwire::platform
