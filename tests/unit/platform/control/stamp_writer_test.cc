#include "platform/control/stamp_writer.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

namespace ringwire::platform {
namespace {

StampChanges Changes(size_t count) {
  StampChanges changes;
  changes.raised.resize(count);
  return changes;
}

TEST(StampWriterTest, NobodyWaitsForASlowDisk) {
  std::promise<void> began;
  std::promise<void> disk;
  std::vector<size_t> saved;  // the thread's until Finish
  StampWriter writer([&](const StampChanges& changes) {
    began.set_value();
    disk.get_future().wait();
    saved.push_back(changes.raised.size());
    return absl::OkStatus();
  });
  writer.StartThread();
  EXPECT_FALSE(writer.is_busy());
  writer.Write(Changes(1));  // returns although the disk does not
  EXPECT_TRUE(writer.is_busy());
  began.get_future().wait();
  EXPECT_TRUE(writer.is_busy());
  disk.set_value();
  writer.Finish();
  EXPECT_FALSE(writer.is_busy());
  EXPECT_EQ(saved, std::vector<size_t>{1});
}

TEST(StampWriterTest, FinishWaitsUntilTheLastIsSaved) {
  std::vector<size_t> saved;
  {
    StampWriter writer([&](const StampChanges& changes) {
      saved.push_back(changes.raised.size());
      return absl::OkStatus();
    });
    writer.StartThread();
    writer.Write(Changes(5));
    writer.Finish();
    EXPECT_EQ(saved, std::vector<size_t>{5});
    writer.StartThread();
    writer.Write(Changes(6));
  }
  EXPECT_EQ(saved, (std::vector<size_t>{5, 6})) << "so does the destructor";
}

// A process without rights that starts a thread is ended.
TEST(StampWriterTest, WriteStartsNoThread) {
  std::vector<std::thread::id> saved_by;
  StampWriter writer([&](const StampChanges&) {
    saved_by.push_back(std::this_thread::get_id());
    return absl::OkStatus();
  });
  writer.Write(Changes(1));
  writer.StartThread();
  writer.Finish();
  writer.Write(Changes(2));
  EXPECT_EQ(saved_by, std::vector<std::thread::id>(2, std::this_thread::get_id()));
}

TEST(StampWriterTest, AFailureIsRememberedUntilASaveSucceeds) {
  int calls = 0;
  StampWriter writer([&](const StampChanges&) {
    return ++calls == 1 ? absl::UnavailableError("write /x: No space left on device")
                        : absl::OkStatus();
  });
  writer.Write(Changes(1));
  writer.Finish();
  EXPECT_TRUE(writer.has_failed());
  writer.Write(Changes(1));
  writer.Finish();
  EXPECT_FALSE(writer.has_failed());
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace ringwire::platform
