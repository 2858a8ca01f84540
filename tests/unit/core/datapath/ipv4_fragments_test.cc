#include "core/datapath/ipv4_fragments.h"

#include <algorithm>
#include <vector>

#include "core/base/endian.h"
#include "gtest/gtest.h"
#include "tests/support/packet_builder.h"

namespace ringwire {
namespace {

std::vector<Bytes> Cut(const Bytes& packet, uint32_t bytes_max) {
  std::vector<Bytes> fragments;
  Ipv4Fragments cutter(packet, bytes_max);
  for (Bytes one; cutter.Next(&one);) fragments.push_back(one);
  return fragments;
}

// Puts the payloads at their offsets, as a receiver does.
Bytes Joined(const std::vector<Bytes>& fragments) {
  Bytes payload;
  for (const Bytes& one : fragments) {
    const size_t at = size_t{LoadBe16(one.data() + 6) & 0x1fffu} * 8;
    payload.resize(std::max(payload.size(), at + one.size() - 20));
    std::copy(one.begin() + 20, one.end(), payload.begin() + static_cast<ptrdiff_t>(at));
  }
  return payload;
}

TEST(Ipv4FragmentsTest, CutsAPacketIntoFragmentsThatFit) {
  const Bytes packet = BuildPacket({.ip_id = 77, .dont_fragment = false, .payload_bytes = 1392});
  const std::vector<Bytes> fragments = Cut(packet, 700);
  ASSERT_EQ(fragments.size(), 3u);
  for (size_t i = 0; i < fragments.size(); ++i) {
    EXPECT_LE(fragments[i].size(), 700u);
    EXPECT_TRUE(PlainIsValid(fragments[i]));
    EXPECT_EQ(LoadBe16(fragments[i].data() + 4), 77);
    EXPECT_EQ((LoadBe16(fragments[i].data() + 6) & 0x2000) != 0, i + 1 < fragments.size());
  }
  EXPECT_EQ(Joined(fragments), Bytes(packet.begin() + 20, packet.end()));
}

TEST(Ipv4FragmentsTest, AFragmentOfAFragmentContinuesItsOffset) {
  const Bytes packet = BuildPacket({.dont_fragment = false,
                                    .more_fragments = true,
                                    .fragment_offset = 100,
                                    .payload_bytes = 1000});
  const std::vector<Bytes> fragments = Cut(packet, 620);
  ASSERT_EQ(fragments.size(), 2u);
  EXPECT_EQ(LoadBe16(fragments[0].data() + 6), 0x2000 | 100);
  EXPECT_EQ(LoadBe16(fragments[1].data() + 6), 0x2000 | (100 + 75));
}

TEST(Ipv4FragmentsTest, CutsOnlyWhatARouterMayCut) {
  const auto may_cut = [](const PacketSpec& spec) {
    const Bytes packet = BuildPacket(spec);
    return Ipv4Fragments::MayCut(packet, *ParseIpPacket(packet));
  };
  EXPECT_TRUE(may_cut({.dont_fragment = false}));
  EXPECT_FALSE(may_cut({.dont_fragment = true}));
  EXPECT_FALSE(may_cut({.family = IpFamily::kV6}));
  EXPECT_FALSE(may_cut({.dont_fragment = false, .ip_options = {1, 1, 1, 0}}));
}

}  // namespace
}  // namespace ringwire
