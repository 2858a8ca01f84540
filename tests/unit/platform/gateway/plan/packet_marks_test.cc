#include "platform/gateway/plan/packet_marks.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <vector>

namespace ringwire::platform {
namespace {

// kube-proxy drops what has the mark 0x8000/0x8000, whatever else is in the mark.
TEST(PacketMarksTest, TheFirst32InterfacesHaveNoBitOfAnotherProgram) {
  std::vector<uint32_t> taken;
  std::set<uint32_t> marks;
  for (uint32_t i = 0; i < 32; ++i) {
    const uint32_t own = ChooseMark(taken);
    taken.push_back(own);
    for (const uint32_t mark : {own, ReplyMark(own), OwnRouteMark(own)}) {
      EXPECT_EQ(mark & kForeignMarkBits, 0U) << std::hex << mark;
      EXPECT_TRUE(marks.insert(mark).second) << std::hex << mark;
    }
    EXPECT_EQ(TableOfMark(own), 51820 + i);
  }
}

TEST(PacketMarksTest, NoTwoInterfacesShareAMarkOrATable) {
  std::vector<uint32_t> taken;
  std::set<uint32_t> numbers;
  for (int i = 0; i < 500; ++i) {
    const uint32_t own = ChooseMark(taken);
    taken.push_back(own);
    for (const uint32_t mark : {own, ReplyMark(own), OwnRouteMark(own)}) {
      EXPECT_TRUE(numbers.insert(mark).second) << std::hex << mark;
    }
    EXPECT_TRUE(numbers.insert(TableOfMark(own)).second) << TableOfMark(own);
  }
}

TEST(PacketMarksTest, EveryNumberOfTheHostIsPassedOver) {
  EXPECT_EQ(ChooseMark({}), 0x1000U);
  for (const uint32_t used : {0x1000U, 51820U, 0x1020U, 0x1040U}) {
    EXPECT_EQ(ChooseMark(std::vector{used}), 0x1001U) << used;
  }
}

TEST(PacketMarksTest, TheMarkOfAFileIsItsTable) {
  for (const uint32_t mark : {1U, 0xca6cU, 0xfffU, 0x1020U, 0x1060U, 0x2000U, 0xffffffffU}) {
    EXPECT_EQ(TableOfMark(mark), mark);
  }
}

TEST(PacketMarksTest, TheOtherMarksOfAnyFileAreOthersAndNeverNone) {
  for (const uint32_t own : {0x20U, 0x40U, 0x60U, 1U, 0x1000U, 0xca6cU}) {
    const std::set<uint32_t> marks = {0, own, ReplyMark(own), OwnRouteMark(own)};
    EXPECT_EQ(marks.size(), 4U) << std::hex << own;
  }
}

}  // namespace
}  // namespace ringwire::platform
