#include "platform/control/stamp_writer.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace ringwire::platform {
namespace {

std::vector<HandshakeStamp> Stamps(size_t count) { return std::vector<HandshakeStamp>(count); }

TEST(StampWriterTest, NobodyWaitsForASlowDiskAndTheLatestIsSaved) {
  std::promise<void> began;
  std::promise<void> disk;
  std::vector<size_t> saved;  // the thread's until Finish
  StampWriter writer([&](std::span<const HandshakeStamp> stamps) {
    if (saved.empty()) {
      began.set_value();
      disk.get_future().wait();
    }
    saved.push_back(stamps.size());
    return absl::OkStatus();
  });
  writer.Write(Stamps(1));
  began.get_future().wait();
  writer.Write(Stamps(2));  // both return although the disk does not
  writer.Write(Stamps(3));
  disk.set_value();
  writer.Finish();
  EXPECT_EQ(saved, (std::vector<size_t>{1, 3}));
}

TEST(StampWriterTest, FinishWaitsUntilTheLastIsSaved) {
  std::vector<size_t> saved;
  {
    StampWriter writer([&](std::span<const HandshakeStamp> stamps) {
      saved.push_back(stamps.size());
      return absl::OkStatus();
    });
    writer.Finish();
    EXPECT_TRUE(saved.empty());
    writer.Write(Stamps(5));
    writer.Finish();
    EXPECT_EQ(saved, std::vector<size_t>{5});
    writer.Write(Stamps(6));
  }
  EXPECT_EQ(saved, (std::vector<size_t>{5, 6})) << "so does the destructor";
}

TEST(StampWriterTest, AFailureDoesNotEndIt) {
  int calls = 0;
  StampWriter writer([&](std::span<const HandshakeStamp>) {
    return ++calls == 1 ? absl::UnavailableError("write /x: No space left on device")
                        : absl::OkStatus();
  });
  writer.Write(Stamps(1));
  writer.Finish();
  writer.Write(Stamps(1));
  writer.Finish();
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace ringwire::platform
