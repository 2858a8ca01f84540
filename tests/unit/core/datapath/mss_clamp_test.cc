#include "core/datapath/mss_clamp.h"

#include <utility>

#include "core/base/endian.h"
#include "gtest/gtest.h"
#include "tests/support/packet_builder.h"

namespace ringwire {
namespace {

Bytes Syn(IpFamily family, Bytes options, uint8_t flags = TcpFlag::kSyn) {
  return BuildPacket({.kind = PacketKind::kTcp,
                      .family = family,
                      .tcp_flags = flags,
                      .tcp_options = std::move(options)});
}

Bytes Clamped(Bytes packet, uint32_t bytes_max) {
  ClampMss(packet, *ParseIpPacket(packet), bytes_max);
  EXPECT_TRUE(PlainIsValid(packet));
  return packet;
}

uint16_t MssAt(const Bytes& packet, size_t tcp_offset) {
  return LoadBe16(packet.data() + tcp_offset + 20 + 2);
}

TEST(MssClampTest, LowersTheMssOfASynAndOfItsAnswer) {
  const Bytes mss_1460 = {2, 4, 0x05, 0xb4};
  EXPECT_EQ(MssAt(Clamped(Syn(IpFamily::kV4, mss_1460), 1300), 20), 1260);
  EXPECT_EQ(MssAt(Clamped(Syn(IpFamily::kV6, mss_1460), 1300), 40), 1240);
  EXPECT_EQ(MssAt(Clamped(Syn(IpFamily::kV4, mss_1460, TcpFlag::kSyn | TcpFlag::kAck), 1300), 20),
            1260);
}

TEST(MssClampTest, KeepsTheChecksumWhereTheOptionLiesAtAnOddOffset) {
  const Bytes packet = Clamped(Syn(IpFamily::kV4, {1, 2, 4, 0x05, 0xb4, 1, 1, 1}), 1300);
  EXPECT_EQ(LoadBe16(packet.data() + 20 + 20 + 3), 1260);
}

TEST(MssClampTest, LeavesWhatFits) {
  const Bytes packet = Syn(IpFamily::kV4, {2, 4, 0x04, 0xb0});
  EXPECT_EQ(Clamped(packet, 1300), packet);
}

TEST(MssClampTest, LeavesOtherPacketsAndBrokenOptions) {
  const Bytes mss_1460 = {2, 4, 0x05, 0xb4};
  for (const Bytes& packet :
       {Syn(IpFamily::kV4, mss_1460, TcpFlag::kAck), Syn(IpFamily::kV4, {}),
        Syn(IpFamily::kV4, {2, 0, 0x05, 0xb4}), Syn(IpFamily::kV4, {2, 9, 0x05, 0xb4}),
        Syn(IpFamily::kV4, {1, 1, 1, 2}), Syn(IpFamily::kV4, {0, 2, 4, 5}),
        BuildPacket({.kind = PacketKind::kUdp, .payload_bytes = 40})}) {
    EXPECT_EQ(Clamped(packet, 1300), packet);
  }
}

TEST(MssClampTest, LeavesAHeaderThatDoesNotFit) {
  Bytes packet = Syn(IpFamily::kV4, {2, 4, 0x05, 0xb4});
  packet[20 + 12] = 0xf0;
  const Bytes before = packet;
  ClampMss(packet, *ParseIpPacket(packet), 1300);
  EXPECT_EQ(packet, before);
}

}  // namespace
}  // namespace ringwire
