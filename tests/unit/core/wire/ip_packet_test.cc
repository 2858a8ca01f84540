#include "core/wire/ip_packet.h"

#include <cstddef>
#include <cstdint>
#include <span>

#include "gtest/gtest.h"
#include "tests/support/packet_builder.h"

namespace ringwire {
namespace {

constexpr uint8_t kHopByHop = 0, kRouting = 43, kFragment = 44, kDestinationOptions = 60;

Bytes Ipv6With(uint8_t first, const Bytes& extensions) {
  PacketSpec spec{.kind = PacketKind::kTcp, .family = IpFamily::kV6};
  spec.extension_protocol = first;
  spec.extension_headers = extensions;
  spec.payload_bytes = 10;
  return BuildPacket(spec);
}

std::optional<IpPayload> Find(const Bytes& packet) {
  const auto ip = ParseIpPacket(packet);
  if (!ip) return std::nullopt;
  return FindIpPayload(packet, *ip);
}

TEST(IpPacketTest, TellsTheVersionByTheFirstNibble) {
  for (unsigned nibble = 0; nibble < 16; ++nibble) {
    const Bytes packet = {static_cast<uint8_t>(nibble << 4 | 5)};
    const IpFamily expected = nibble == 4   ? IpFamily::kV4
                              : nibble == 6 ? IpFamily::kV6
                                            : IpFamily::kNone;
    EXPECT_EQ(IpVersionOf(packet), expected) << nibble;
  }
  EXPECT_EQ(IpVersionOf({}), IpFamily::kNone);
}

TEST(IpPacketTest, ReadsIpv4) {
  const Bytes packet = BuildPacket({.kind = PacketKind::kTcp, .tos = 0xb9, .payload_bytes = 33});
  const auto ip = ParseIpPacket(packet);
  ASSERT_TRUE(ip);
  EXPECT_EQ(ip->family, IpFamily::kV4);
  EXPECT_EQ(ip->source, TestAddress(IpFamily::kV4, 1));
  EXPECT_EQ(ip->destination, TestAddress(IpFamily::kV4, 2));
  EXPECT_EQ(ip->total_bytes, 20u + 20 + 33);
  EXPECT_EQ(ip->header_bytes, 20u);
  EXPECT_EQ(ip->tos, 0xb9);
  EXPECT_EQ(ip->protocol, 6);
}

TEST(IpPacketTest, ReadsIpv6) {
  const Bytes packet = BuildPacket(
      {.family = IpFamily::kV6, .tos = 0xb9, .flow_label = 0xfffff, .payload_bytes = 33});
  const auto ip = ParseIpPacket(packet);
  ASSERT_TRUE(ip);
  EXPECT_EQ(ip->family, IpFamily::kV6);
  EXPECT_EQ(ip->source, TestAddress(IpFamily::kV6, 1));
  EXPECT_EQ(ip->destination, TestAddress(IpFamily::kV6, 2));
  EXPECT_EQ(ip->total_bytes, 40u + 8 + 33);
  EXPECT_EQ(ip->header_bytes, 40u);
  EXPECT_EQ(ip->tos, 0xb9);
  EXPECT_EQ(ip->protocol, 17);
}

TEST(IpPacketTest, CountsIpv4OptionsAsHeader) {
  const Bytes packet = BuildPacket({.ip_options = Bytes(40, 1), .payload_bytes = 5});
  const auto ip = ParseIpPacket(packet);
  ASSERT_TRUE(ip);
  EXPECT_EQ(ip->header_bytes, 60u);
  EXPECT_EQ(ip->total_bytes, 60u + 8 + 5);
}

TEST(IpPacketTest, AcceptsPaddingAndReportsTheLengthWithoutIt) {
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    Bytes packet = BuildPacket({.family = family, .payload_bytes = 5});
    const size_t size = packet.size();
    packet.resize(size + 11);
    const auto ip = ParseIpPacket(packet);
    ASSERT_TRUE(ip);
    EXPECT_EQ(ip->total_bytes, size);
  }
}

TEST(IpPacketTest, RejectsEveryTruncation) {
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    const Bytes packet = BuildPacket({.family = family, .payload_bytes = 5});
    for (size_t size = 0; size < packet.size(); ++size) {
      EXPECT_FALSE(ParseIpPacket(std::span(packet).first(size))) << size;
    }
    EXPECT_TRUE(ParseIpPacket(packet));
  }
}

TEST(IpPacketTest, RejectsAnIpv4HeaderShorterThanTwentyBytes) {
  Bytes packet = BuildPacket({.payload_bytes = 50});
  packet[0] = 0x44;
  EXPECT_FALSE(ParseIpPacket(packet));
}

TEST(IpPacketTest, RejectsATotalLengthBelowTheHeader) {
  Bytes packet = BuildPacket({.ip_options = Bytes(4, 1), .payload_bytes = 50});
  packet[2] = 0, packet[3] = 23;
  EXPECT_FALSE(ParseIpPacket(packet));
  packet[3] = 24;
  EXPECT_TRUE(ParseIpPacket(packet));
}

TEST(IpPacketTest, DoesNotWrapTheLargestIpv6Length) {
  Bytes packet = BuildPacket({.family = IpFamily::kV6, .payload_bytes = 5});
  packet[4] = packet[5] = 0xff;
  EXPECT_FALSE(ParseIpPacket(packet));
  packet.resize(40 + 65535);
  const auto ip = ParseIpPacket(packet);
  ASSERT_TRUE(ip);
  EXPECT_EQ(ip->total_bytes, 65575u);
}

TEST(IpPacketTest, FindsTheTransportBehindIpv4Options) {
  const auto payload = Find(BuildPacket({.ip_options = Bytes(8, 1), .payload_bytes = 5}));
  ASSERT_TRUE(payload);
  EXPECT_EQ(payload->protocol, 17);
  EXPECT_EQ(payload->offset, 28u);
  EXPECT_FALSE(payload->is_fragment);
  EXPECT_TRUE(payload->is_first_fragment);
}

TEST(IpPacketTest, TellsIpv4FragmentsApart) {
  const auto first = Find(BuildPacket({.more_fragments = true, .payload_bytes = 8}));
  EXPECT_TRUE(first->is_fragment);
  EXPECT_TRUE(first->is_first_fragment);
  const auto later = Find(BuildPacket({.fragment_offset = 1, .payload_bytes = 8}));
  EXPECT_TRUE(later->is_fragment);
  EXPECT_FALSE(later->is_first_fragment);
}

TEST(IpPacketTest, WalksIpv6ExtensionHeaders) {
  Bytes extensions = {kDestinationOptions, 0, 1, 4, 0, 0, 0, 0};
  extensions.resize(8 + 16);
  extensions[9] = 1;  // 16 bytes
  const auto payload = Find(Ipv6With(kHopByHop, extensions));
  ASSERT_TRUE(payload);
  EXPECT_EQ(payload->protocol, 6);
  EXPECT_EQ(payload->offset, 40u + 8 + 16);
  EXPECT_FALSE(payload->is_fragment);
}

TEST(IpPacketTest, SeesARoutingHeaderThatIsNotUsedUp) {
  Bytes routing(24);
  routing[1] = 2;
  EXPECT_FALSE(Find(Ipv6With(kRouting, routing))->is_source_routed);
  routing[3] = 1;
  EXPECT_TRUE(Find(Ipv6With(kRouting, routing))->is_source_routed);
}

TEST(IpPacketTest, StopsBehindALaterIpv6Fragment) {
  // The payload of a later fragment is no header: what looks like one here would lead outside.
  Bytes packet = Ipv6With(kFragment, {0, 0, 0, 8, 0, 0, 0, 9});
  packet[40] = kDestinationOptions;
  packet[49] = 0xff;
  const auto payload = Find(packet);
  ASSERT_TRUE(payload);
  EXPECT_TRUE(payload->is_fragment);
  EXPECT_FALSE(payload->is_first_fragment);
  EXPECT_EQ(payload->protocol, kDestinationOptions);
}

TEST(IpPacketTest, AnAtomicIpv6FragmentIsAWholePacket) {
  const auto payload = Find(Ipv6With(kFragment, {0, 0, 0, 0, 0, 0, 0, 9}));
  ASSERT_TRUE(payload);
  EXPECT_FALSE(payload->is_fragment);
  EXPECT_EQ(payload->protocol, 6);
  EXPECT_EQ(payload->offset, 48u);
}

TEST(IpPacketTest, RejectsExtensionHeadersThatDoNotFit) {
  Bytes packet = Ipv6With(kHopByHop, Bytes(8));
  packet[41] = 30;
  EXPECT_FALSE(Find(packet));
  Bytes tail = BuildPacket({.family = IpFamily::kV6});
  tail[6] = kHopByHop;
  tail[5] = 7;  // one byte less than the shortest
  EXPECT_FALSE(Find(tail));
}

TEST(IpPacketTest, RejectsAnEndlessChainOfExtensionHeaders) {
  Bytes extensions(8 * 20);
  for (size_t i = 0; i < extensions.size(); i += 8) extensions[i] = kDestinationOptions;
  EXPECT_FALSE(Find(Ipv6With(kDestinationOptions, extensions)));
}

TEST(SetTosTest, KeepsTheIpv4HeaderChecksumRight) {
  for (unsigned from = 0; from < 256; from += 5) {
    for (unsigned to = 0; to < 256; ++to) {
      Bytes packet = BuildPacket({.tos = static_cast<uint8_t>(from), .payload_bytes = 4});
      SetTos(packet, static_cast<uint8_t>(to));
      ASSERT_EQ(ParseIpPacket(packet)->tos, to);
      ASSERT_TRUE(PlainIsValid(packet)) << from << " " << to;
    }
  }
}

TEST(SetTosTest, LeavesIpv6VersionAndFlowLabelAlone) {
  const Bytes before = BuildPacket({.family = IpFamily::kV6, .tos = 0xff, .flow_label = 0xabcde});
  Bytes packet = before;
  SetTos(packet, 0x25);
  EXPECT_EQ(packet[0], 0x62);
  EXPECT_EQ(packet[1], 0x5a);
  EXPECT_EQ(packet[2], 0xbc);
  EXPECT_EQ(packet[3], 0xde);
  SetTos(packet, 0xff);
  EXPECT_EQ(packet, before);
}

}  // namespace
}  // namespace ringwire
