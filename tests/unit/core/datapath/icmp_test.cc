#include "core/datapath/icmp.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/wire/ip_packet.h"
#include "gtest/gtest.h"
#include "tests/support/packet_builder.h"

namespace ringwire {
namespace {

constexpr IcmpError kAllErrors[] = {IcmpError::kHostUnreachable, IcmpError::kAddressUnreachable,
                                    IcmpError::kPacketTooBig};

Bytes Answer(IcmpError error, const Bytes& packet, uint32_t mtu = 1420) {
  Bytes out(kIcmpErrorBytesMax, 0xee);
  out.resize(WriteIcmpError(error, mtu, packet, out));
  return out;
}

void ExpectNoAnswer(const Bytes& packet) {
  for (const IcmpError error : kAllErrors) {
    EXPECT_TRUE(Answer(error, packet).empty()) << int(error);
  }
}

IpAddress V4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
  IpAddress address;
  address.family = IpFamily::kV4;
  address.bytes = {a, b, c, d};
  return address;
}

IpAddress V6(uint8_t first, uint8_t last) {
  IpAddress address;
  address.family = IpFamily::kV6;
  address.bytes[0] = first;
  address.bytes[15] = last;
  return address;
}

// An echo request turned into another ICMP type.
Bytes IcmpOfType(IpFamily family, uint8_t type) {
  Bytes packet =
      BuildPacket({.kind = PacketKind::kIcmpEcho, .family = family, .payload_bytes = 40});
  packet[family == IpFamily::kV4 ? 20 : 40] = type;
  FixTransportChecksum(packet);
  return packet;
}

struct Expected {
  IcmpError error;
  IpFamily family;
  uint8_t type, code;
};

TEST(IcmpTest, WritesTypeAndCodeOfEveryError) {
  constexpr Expected kExpected[] = {
      {IcmpError::kHostUnreachable, IpFamily::kV4, 3, 1},
      {IcmpError::kAddressUnreachable, IpFamily::kV4, 3, 1},
      {IcmpError::kPacketTooBig, IpFamily::kV4, 3, 4},
      {IcmpError::kHostUnreachable, IpFamily::kV6, 1, 0},
      {IcmpError::kAddressUnreachable, IpFamily::kV6, 1, 3},
      {IcmpError::kPacketTooBig, IpFamily::kV6, 2, 0},
  };
  for (const Expected& expected : kExpected) {
    const Bytes packet = BuildPacket({.family = expected.family, .payload_bytes = 100});
    const Bytes answer = Answer(expected.error, packet);
    ASSERT_FALSE(answer.empty());
    EXPECT_TRUE(PlainIsValid(answer));
    const size_t icmp = expected.family == IpFamily::kV4 ? 20 : 40;
    EXPECT_EQ(answer[icmp], expected.type);
    EXPECT_EQ(answer[icmp + 1], expected.code);
  }
}

TEST(IcmpTest, GoesFromTheDestinationToTheSourceAndQuotesThePacket) {
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    const Bytes packet =
        BuildPacket({.kind = PacketKind::kTcp, .family = family, .payload_bytes = 77});
    const Bytes answer = Answer(IcmpError::kHostUnreachable, packet);
    const auto ip = ParseIpPacket(answer);
    ASSERT_TRUE(ip);
    EXPECT_EQ(ip->source, TestAddress(family, 2));
    EXPECT_EQ(ip->destination, TestAddress(family, 1));
    EXPECT_EQ(ip->protocol, family == IpFamily::kV4 ? 1 : 58);
    EXPECT_EQ(ip->tos & 3, 0);
    const size_t quote = ip->header_bytes + 8;
    ASSERT_EQ(answer.size(), quote + packet.size());
    EXPECT_TRUE(std::equal(packet.begin(), packet.end(), answer.begin() + ptrdiff_t(quote)));
  }
}

TEST(IcmpTest, CarriesTheMtu) {
  const Bytes v4 = Answer(IcmpError::kPacketTooBig, BuildPacket({.payload_bytes = 1500}), 1420);
  EXPECT_EQ(Bytes(v4.begin() + 24, v4.begin() + 28), (Bytes{0, 0, 1420 >> 8, 1420 & 0xff}));
  const Bytes v6 = Answer(IcmpError::kPacketTooBig,
                          BuildPacket({.family = IpFamily::kV6, .payload_bytes = 1500}), 70000);
  EXPECT_EQ(Bytes(v6.begin() + 44, v6.begin() + 48), (Bytes{0, 1, 0x11, 0x70}));
}

TEST(IcmpTest, DoesNotWrapAnMtuThatIpv4CannotSay) {
  const Bytes v4 = Answer(IcmpError::kPacketTooBig, BuildPacket({.payload_bytes = 1500}), 70000);
  EXPECT_EQ(v4[26], 0xff);
  EXPECT_EQ(v4[27], 0xff);
}

TEST(IcmpTest, UnreachableLeavesTheUnusedFieldZero) {
  const Bytes v4 = Answer(IcmpError::kHostUnreachable, BuildPacket({.payload_bytes = 9}));
  EXPECT_EQ(Bytes(v4.begin() + 24, v4.begin() + 28), Bytes(4, 0));
}

TEST(IcmpTest, BoundsTheQuotedPacket) {
  const Bytes v4 = Answer(IcmpError::kPacketTooBig, BuildPacket({.payload_bytes = 9000}));
  EXPECT_EQ(v4.size(), 576u);
  EXPECT_TRUE(PlainIsValid(v4));
  const Bytes v6 = Answer(IcmpError::kPacketTooBig,
                          BuildPacket({.family = IpFamily::kV6, .payload_bytes = 9000}));
  EXPECT_EQ(v6.size(), 1280u);
  EXPECT_TRUE(PlainIsValid(v6));
}

TEST(IcmpTest, DoesNotQuotePadding) {
  Bytes packet = BuildPacket({.payload_bytes = 9});
  const size_t size = packet.size();
  packet.resize(size + 7);
  EXPECT_EQ(Answer(IcmpError::kHostUnreachable, packet).size(), 28 + size);
}

TEST(IcmpTest, QuotesIpv4Options) {
  const Bytes packet = BuildPacket({.ip_options = Bytes(40, 1), .payload_bytes = 9});
  const Bytes answer = Answer(IcmpError::kHostUnreachable, packet);
  EXPECT_EQ(answer.size(), 28 + packet.size());
  EXPECT_TRUE(PlainIsValid(answer));
}

TEST(IcmpTest, AnswersPingsButNeverErrors) {
  for (unsigned type = 0; type < 256; ++type) {
    const auto t = static_cast<uint8_t>(type);
    const bool is_v4_query = type == 0 || (type >= 8 && type <= 10) || (type >= 13 && type <= 18);
    const bool is_v6_query = type >= 128 && type != 137;
    EXPECT_EQ(!Answer(IcmpError::kHostUnreachable, IcmpOfType(IpFamily::kV4, t)).empty(),
              is_v4_query)
        << type;
    EXPECT_EQ(!Answer(IcmpError::kHostUnreachable, IcmpOfType(IpFamily::kV6, t)).empty(),
              is_v6_query)
        << type;
  }
}

TEST(IcmpTest, NeverAnswersItsOwnAnswer) {
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    for (const IcmpError error : kAllErrors) {
      ExpectNoAnswer(Answer(error, BuildPacket({.family = family, .payload_bytes = 20})));
    }
  }
}

TEST(IcmpTest, DoesNotAnswerAnIpv6ErrorBehindExtensionHeaders) {
  Bytes packet = BuildPacket({.kind = PacketKind::kIcmpEcho,
                              .family = IpFamily::kV6,
                              .extension_headers = {0, 0, 1, 4, 0, 0, 0, 0},
                              .extension_protocol = 60,
                              .payload_bytes = 20});
  EXPECT_FALSE(Answer(IcmpError::kHostUnreachable, packet).empty());
  packet[48] = 1;  // destination unreachable
  ExpectNoAnswer(packet);
}

TEST(IcmpTest, DoesNotAnswerAnIcmpPacketWhoseTypeIsMissing) {
  Bytes v4 = BuildPacket({.kind = PacketKind::kIcmpEcho});
  v4[3] = 20;
  ExpectNoAnswer(v4);
  Bytes v6 = BuildPacket({.kind = PacketKind::kIcmpEcho, .family = IpFamily::kV6});
  v6[5] = 0;
  ExpectNoAnswer(v6);
}

TEST(IcmpTest, DoesNotAnswerLaterFragments) {
  ExpectNoAnswer(BuildPacket({.fragment_offset = 10, .payload_bytes = 20}));
  const Bytes later = BuildPacket({.family = IpFamily::kV6,
                                   .extension_headers = {0, 0, 0, 8, 0, 0, 0, 1},
                                   .extension_protocol = 44,
                                   .payload_bytes = 20});
  ExpectNoAnswer(later);
}

TEST(IcmpTest, AnswersTheFirstFragment) {
  const Bytes v4 = BuildPacket({.more_fragments = true, .payload_bytes = 24});
  EXPECT_FALSE(Answer(IcmpError::kHostUnreachable, v4).empty());
  const Bytes v6 = BuildPacket({.family = IpFamily::kV6,
                                .extension_headers = {0, 0, 0, 1, 0, 0, 0, 1},
                                .extension_protocol = 44,
                                .payload_bytes = 20});
  EXPECT_FALSE(Answer(IcmpError::kHostUnreachable, v6).empty());
}

TEST(IcmpTest, DoesNotAnswerWhereNoSingleHostIsMeant) {
  const std::array<IpAddress, 5> v4 = {V4(0, 0, 0, 0), V4(255, 255, 255, 255), V4(224, 0, 0, 1),
                                       V4(239, 255, 255, 250), V4(127, 0, 0, 1)};
  for (const IpAddress& address : v4) {
    ExpectNoAnswer(BuildPacket({.source = address, .payload_bytes = 9}));
    ExpectNoAnswer(BuildPacket({.destination = address, .payload_bytes = 9}));
  }
  for (const IpAddress& address : {V6(0, 0), V6(0, 1), V6(0xff, 2)}) {
    ExpectNoAnswer(BuildPacket({.family = IpFamily::kV6, .source = address, .payload_bytes = 9}));
    ExpectNoAnswer(
        BuildPacket({.family = IpFamily::kV6, .destination = address, .payload_bytes = 9}));
  }
}

TEST(IcmpTest, AnswersTheNeighboursOfTheSpecialAddresses) {
  for (const IpAddress& address : {V4(223, 255, 255, 255), V4(126, 0, 0, 1), V4(0, 0, 0, 1)}) {
    const Bytes packet = BuildPacket({.source = address, .payload_bytes = 9});
    EXPECT_FALSE(Answer(IcmpError::kHostUnreachable, packet).empty());
  }
  const Bytes packet =
      BuildPacket({.family = IpFamily::kV6, .source = V6(0, 2), .payload_bytes = 9});
  EXPECT_FALSE(Answer(IcmpError::kHostUnreachable, packet).empty());
}

TEST(IcmpTest, AsksForFragmentationOnlyWhereIpv4ForbidsIt) {
  const Bytes packet = BuildPacket({.dont_fragment = false, .payload_bytes = 1500});
  EXPECT_TRUE(Answer(IcmpError::kPacketTooBig, packet).empty());
  EXPECT_FALSE(Answer(IcmpError::kHostUnreachable, packet).empty());
}

// Rule 25.
TEST(IcmpTest, DoesNotAnswerPacketsThatAreNotIp) {
  ExpectNoAnswer({});
  ExpectNoAnswer(Bytes(100, 0));
  Bytes truncated = BuildPacket({.payload_bytes = 100});
  truncated.resize(60);
  ExpectNoAnswer(truncated);
}

}  // namespace
}  // namespace ringwire
