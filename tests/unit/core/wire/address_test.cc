#include "core/wire/address.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/seeded_random.h"

namespace ringwire {
namespace {

using std::string_literals::operator""s;

IpAddress Ip(std::string_view text) { return IpAddress::Parse(text).value(); }
Prefix Net(std::string_view text) { return Prefix::Parse(text).value(); }

TEST(IpAddressTest, KeepsNetworkOrder) {
  const IpAddress v4 = Ip("192.0.2.7");
  EXPECT_EQ(v4.family, IpFamily::kV4);
  EXPECT_EQ(v4.Bits(), 32);
  EXPECT_EQ(v4, IpAddress::V4(std::array<uint8_t, 4>{192, 0, 2, 7}));
  EXPECT_TRUE(std::all_of(v4.bytes.begin() + 4, v4.bytes.end(), [](uint8_t b) { return b == 0; }));

  const IpAddress v6 = Ip("2001:db8::7");
  EXPECT_EQ(v6.family, IpFamily::kV6);
  EXPECT_EQ(v6.Bits(), 128);
  EXPECT_EQ(v6, IpAddress::V6(std::array<uint8_t, 16>{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0,
                                                      0, 0, 0, 0, 7}));
}

TEST(IpAddressTest, PrintsTheCanonicalForm) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"::", "::"},
      {"::1", "::1"},
      {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
      {"2001:0db8::0001", "2001:db8::1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // one zero group is not shortened
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},     // of equal runs the first
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},           // else the longest
      {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
      {"fe80::aBcD", "fe80::abcd"},
      {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
  };
  for (const auto& [text, canonical] : cases) {
    EXPECT_EQ(Ip(text).ToString(), canonical) << text;
    EXPECT_EQ(Ip(canonical), Ip(text));
  }
  EXPECT_EQ(IpAddress().ToString(), "");
  EXPECT_FALSE(IpAddress().IsSet());
}

TEST(IpAddressTest, MappedIpv4IsAnIpv6Address) {
  EXPECT_NE(Ip("::ffff:192.0.2.1"), Ip("192.0.2.1"));
}

TEST(IpAddressTest, RefusesInvalidText) {
  const std::vector<std::string> cases = {"",
                                          " ",
                                          "1.2.3",
                                          "1.2.3.4.5",
                                          "1.2.3.256",
                                          "1.2.3.-4",
                                          "01.2.3.4",
                                          "0x1.2.3.4",
                                          "1.2.3.4 ",
                                          " 1.2.3.4",
                                          "1.2.3.4/32",
                                          "1.2.3.4:5",
                                          "1.2.3.4\0"s,
                                          "1.2.3.4\0junk"s,
                                          "16909060",
                                          "1..3.4",
                                          ":",
                                          ":::",
                                          "1::2::3",
                                          "1:2:3:4:5:6:7",
                                          "1:2:3:4:5:6:7:8:9",
                                          "::12345",
                                          "::g",
                                          "[::1]",
                                          "::1%1",
                                          "fe80::1%eth0",
                                          "::1/128",
                                          "::1\0"s,
                                          "1.2.3.4::",
                                          "::1.2.3",
                                          "localhost",
                                          std::string(46, '0'),
                                          std::string(1000, ':')};
  for (const std::string& text : cases) {
    EXPECT_FALSE(IpAddress::Parse(text).has_value()) << text;
  }
}

TEST(IpAddressTest, ReadsTheOldFormsOfIpv4OnRequest) {
  for (const auto& [text, shown] :
       std::vector<std::pair<std::string, std::string>>{{"1.2.3.4", "1.2.3.4"},
                                                        {"127.1", "127.0.0.1"},
                                                        {"10.1.515", "10.1.2.3"},
                                                        {"4294967295", "255.255.255.255"},
                                                        {"0x7f.0x1", "127.0.0.1"},
                                                        {"010.0.0.1", "8.0.0.1"}}) {
    const auto address = IpAddress::ParseOldFormOfV4(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(address->ToString(), shown);
    EXPECT_EQ(IpAddress::Parse(text).has_value(), text == shown) << text;
  }
  for (const std::string& text :
       {""s, "."s, "1."s, "1..2"s, "256.1"s, "1.2.3.256"s, "1.2.3.4.5"s, "4294967296"s, "08.1"s,
        "127.1 x"s, "127.1\0"s, "::1"s, "host"s, std::string(65, '0')}) {
    EXPECT_FALSE(IpAddress::ParseOldFormOfV4(text).has_value()) << text;
  }
}

TEST(IpAddressTest, EveryAddressSurvivesItsText) {
  SeededRandom random(1);
  for (int i = 0; i < 2000; ++i) {
    std::array<uint8_t, 16> bytes{};
    random.Fill(bytes);
    // Zero groups, so that the short forms occur.
    const uint64_t zeroed = random.Next();
    for (size_t group = 0; group < 8; ++group) {
      if ((zeroed >> group & 1) != 0) bytes[2 * group] = bytes[2 * group + 1] = 0;
    }
    const IpAddress v6 = IpAddress::V6(bytes);
    EXPECT_EQ(Ip(v6.ToString()), v6);
    const IpAddress v4 = IpAddress::V4(std::span(bytes).first<4>());
    EXPECT_EQ(Ip(v4.ToString()), v4);
  }
}

TEST(PrefixTest, ClearsHostBits) {
  EXPECT_EQ(Net("10.1.2.3/8"), Net("10.0.0.0/8"));
  EXPECT_EQ(Net("10.255.255.255/9").ToString(), "10.128.0.0/9");
  EXPECT_EQ(Net("255.255.255.255/31").ToString(), "255.255.255.254/31");
  EXPECT_EQ(Net("1.2.3.4/0").ToString(), "0.0.0.0/0");
  EXPECT_EQ(Net("2001:db8:ffff::1/33").ToString(), "2001:db8:8000::/33");
  EXPECT_EQ(Net("::1/0").ToString(), "::/0");
  EXPECT_EQ(Net("::1/128").ToString(), "::1/128");
}

TEST(PrefixTest, IgnoresLeadingZerosOfTheLength) {
  EXPECT_EQ(Net("10.0.0.0/08").ToString(), "10.0.0.0/8");
  EXPECT_EQ(Net("10.0.0.0/024").ToString(), "10.0.0.0/24") << "not octal";
  EXPECT_EQ(Net("fd00::/000000000000000000000000064").ToString(), "fd00::/64");
  EXPECT_EQ(Net("10.0.0.0/00").ToString(), "0.0.0.0/0");
  EXPECT_FALSE(Prefix::Parse("10.0.0.0/033").has_value());
}

TEST(PrefixTest, APrefixWithoutLengthIsAHost) {
  EXPECT_EQ(Net("10.1.2.3").ToString(), "10.1.2.3/32");
  EXPECT_EQ(Net("2001:db8::1").ToString(), "2001:db8::1/128");
  EXPECT_EQ(Prefix().ToString(), "");
}

TEST(PrefixTest, RefusesInvalidText) {
  const std::vector<std::string> cases = {"",
                                          "/",
                                          "/8",
                                          "10.0.0.0/",
                                          "10.0.0.0/33",
                                          "10.0.0.0/-1",
                                          "10.0.0.0/+8",
                                          "10.0.0.0/8 ",
                                          "10.0.0.0/ 8",
                                          "10.0.0.0/8/8",
                                          "10.0.0.0/0x8",
                                          "10.0.0.0/255.0.0.0",
                                          "::/129",
                                          "::/4294967296",
                                          "::/18446744073709551617",
                                          "10.0.0/8",
                                          "fe80::1%1/64",
                                          "[::1]/128",
                                          "10.0.0.0/8\0"s};
  for (const std::string& text : cases) {
    EXPECT_FALSE(Prefix::Parse(text).has_value()) << text;
  }
}

TEST(PrefixTest, ContainsItsAddressesAndNoOthers) {
  const Prefix v4 = Net("10.128.0.0/9");
  EXPECT_TRUE(v4.Contains(Ip("10.128.0.0")));
  EXPECT_TRUE(v4.Contains(Ip("10.255.255.255")));
  EXPECT_FALSE(v4.Contains(Ip("10.127.255.255")));
  EXPECT_FALSE(v4.Contains(Ip("11.128.0.0")));
  const Prefix v6 = Net("2001:db8::/61");
  EXPECT_TRUE(v6.Contains(Ip("2001:db8:0:7:ffff::")));
  EXPECT_FALSE(v6.Contains(Ip("2001:db8:0:8::")));
}

TEST(PrefixTest, FamiliesDoNotContainEachOther) {
  EXPECT_FALSE(Net("0.0.0.0/0").Contains(Ip("::")));
  EXPECT_FALSE(Net("::/0").Contains(Ip("0.0.0.0")));
  EXPECT_FALSE(Net("0.0.0.0/0").Contains(IpAddress()));
  EXPECT_FALSE(Prefix().Contains(IpAddress()));
  EXPECT_FALSE(Prefix().Contains(Ip("0.0.0.0")));
}

TEST(PrefixTest, OfAgreesWithABitwiseModel) {
  const IpAddress ones = Ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  for (int length = 0; length <= 128; ++length) {
    const Prefix prefix = Prefix::Of(ones, length);
    for (int bit = 0; bit < 128; ++bit) {
      const bool is_set =
          (prefix.address.bytes[static_cast<size_t>(bit / 8)] >> (7 - bit % 8) & 1) != 0;
      EXPECT_EQ(is_set, bit < length) << "bit " << bit << " of /" << length;
    }
  }
}

TEST(PrefixDeathTest, ALengthBeyondTheFamilyIsABug) {
  EXPECT_DEATH(Prefix::Of(Ip("10.0.0.0"), 33), "CHECK failed");
  EXPECT_DEATH(Prefix::Of(Ip("10.0.0.0"), -1), "CHECK failed");
  EXPECT_DEATH(Prefix::Of(IpAddress(), 0), "CHECK failed");
}

TEST(SocketAddressTest, ParsesAndPrintsBothFamilies) {
  const SocketAddress v4 = SocketAddress::Parse("192.0.2.7:51820").value();
  EXPECT_EQ(v4, (SocketAddress{.address = Ip("192.0.2.7"), .port = 51820}));
  EXPECT_EQ(v4.ToString(), "192.0.2.7:51820");
  const SocketAddress v6 = SocketAddress::Parse("[2001:db8::7]:1").value();
  EXPECT_EQ(v6, (SocketAddress{.address = Ip("2001:db8::7"), .port = 1}));
  EXPECT_EQ(v6.ToString(), "[2001:db8::7]:1");
  EXPECT_EQ(SocketAddress::Parse("1.2.3.4:65535").value().port, 65535);
  EXPECT_EQ(SocketAddress::Parse("1.2.3.4:00010").value().port, 10);
  EXPECT_EQ(SocketAddress().ToString(), "");
}

TEST(SocketAddressTest, KeepsTheZoneOfLinkLocalAddresses) {
  const SocketAddress zoned = SocketAddress::Parse("[fe80::1%3]:51820").value();
  EXPECT_EQ(zoned, (SocketAddress{.address = Ip("fe80::1"), .port = 51820, .scope_id = 3}));
  EXPECT_EQ(zoned.ToString(), "[fe80::1%3]:51820");
  EXPECT_EQ(SocketAddress::Parse("[febf:ffff::1%4294967295]:1").value().scope_id, 4294967295U);
  EXPECT_EQ(SocketAddress::Parse("[fe80::1]:51820").value().scope_id, 0U);
}

TEST(SocketAddressTest, RefusesInvalidText) {
  const std::vector<std::string> cases = {"",
                                          ":",
                                          ":51820",
                                          "1.2.3.4",
                                          "1.2.3.4:",
                                          "1.2.3.4:0",
                                          "1.2.3.4:65536",
                                          "1.2.3.4:-1",
                                          "1.2.3.4:+1",
                                          "1.2.3.4:1 ",
                                          "1.2.3.4: 1",
                                          "1.2.3.4:99999999999",
                                          "1.2.3.4:0x1",
                                          "1.2.3.4:1\0"s,
                                          "[1.2.3.4]:1",
                                          "::1:51820",
                                          "[::1]",
                                          "[::1]51820",
                                          "[::1]:",
                                          "[::1]:0",
                                          "[::1:51820",
                                          "::1]:51820",
                                          "[]:1",
                                          "[[::1]]:1",
                                          "[::1%1]:1",
                                          "[2001:db8::1%3]:1",
                                          "[fec0::1%3]:1",
                                          "[fe7f::1%3]:1",
                                          "[fe80::1%]:1",
                                          "[fe80::1%0]:1",
                                          "[fe80::1%eth0]:1",
                                          "[fe80::1%4294967296]:1",
                                          "[fe80::1%3%3]:1",
                                          "1.2.3.4%3:1",
                                          "example.com:1",
                                          "[:1",
                                          "]:1"};
  for (const std::string& text : cases) {
    EXPECT_FALSE(SocketAddress::Parse(text).has_value()) << text;
  }
}

TEST(SocketAddressTest, EveryPartCountsInComparison) {
  const SocketAddress address{.address = Ip("fe80::1"), .port = 1, .scope_id = 1};
  EXPECT_NE(address, (SocketAddress{.address = Ip("fe80::2"), .port = 1, .scope_id = 1}));
  EXPECT_NE(address, (SocketAddress{.address = Ip("fe80::1"), .port = 2, .scope_id = 1}));
  EXPECT_NE(address, (SocketAddress{.address = Ip("fe80::1"), .port = 1, .scope_id = 2}));
}

}  // namespace
}  // namespace ringwire
