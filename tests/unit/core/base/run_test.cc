#include "core/base/run.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <span>

namespace ringwire {
namespace {

// The type is qualified because ::testing::Test has a Run() of its own.
TEST(RunTest, APacketIsARunOfOne) {
  std::array<uint8_t, 100> packet;
  const ringwire::Run run = ringwire::Run::Of(packet);
  EXPECT_EQ(run.count, 1u);
  EXPECT_EQ(run.PayloadBytes(), 100u);
  EXPECT_EQ(run.Segment(0).data(), packet.data());
  EXPECT_EQ(run.Segment(0).size(), 100u);
}

TEST(RunTest, ATrainIsCutEverySegmentAndTheLastMayBeShorter) {
  std::array<uint8_t, 100> bytes;
  const ringwire::Run run = ringwire::Run::Train(bytes, 40);
  ASSERT_EQ(run.count, 3u);
  EXPECT_EQ(run.Segment(0).size(), 40u);
  EXPECT_EQ(run.Segment(1).data(), bytes.data() + 40);
  EXPECT_EQ(run.Segment(2).data(), bytes.data() + 80);
  EXPECT_EQ(run.Segment(2).size(), 20u);
  EXPECT_EQ(run.PayloadBytes(), 100u);
}

TEST(RunTest, ATrainThatDividesEvenlyHasAFullLastSegment) {
  std::array<uint8_t, 120> bytes;
  const ringwire::Run run = ringwire::Run::Train(bytes, 40);
  ASSERT_EQ(run.count, 3u);
  EXPECT_EQ(run.Segment(2).size(), 40u);
  EXPECT_EQ(run.PayloadBytes(), 120u);
}

TEST(RunTest, ADatagramThatIsNoTrainIsARunOfOne) {
  std::array<uint8_t, 40> bytes;
  for (const size_t segment_bytes : {size_t{0}, size_t{40}, size_t{41}}) {
    const ringwire::Run run = ringwire::Run::Train(bytes, segment_bytes);
    EXPECT_EQ(run.count, 1u) << segment_bytes;
    EXPECT_EQ(run.Segment(0).size(), 40u) << segment_bytes;
  }
}

TEST(RunTest, GapsBetweenSegmentsAreNoPayload) {
  std::array<uint8_t, 300> bytes;
  const ringwire::Run run{bytes.data(), 100, 60, 10, 3};
  EXPECT_EQ(run.Segment(2).data(), bytes.data() + 200);
  EXPECT_EQ(run.Segment(2).size(), 10u);
  EXPECT_EQ(run.PayloadBytes(), 130u);
}

}  // namespace
}  // namespace ringwire
