#include "platform/udp/control_messages.h"

#include <gtest/gtest.h>
#include <netinet/udp.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace ringwire::platform {
namespace {

Endpoint EndpointOf(const char* remote, const char* local, uint32_t interface = 0) {
  return {*SocketAddress::Parse(remote), *IpAddress::Parse(local), interface};
}

constexpr std::array<uint8_t, 3> kPayload{1, 2, 3};

TEST(ControlMessagesTest, APlainDatagramCarriesNone) {
  OutgoingMessage message;
  message.Set({{*SocketAddress::Parse("192.0.2.1:5"), {}, 0}, 0, 0, true}, kPayload);
  EXPECT_EQ(message.header().msg_control, nullptr);
  EXPECT_EQ(message.header().msg_controllen, 0);
  EXPECT_EQ(message.header().msg_namelen, sizeof(sockaddr_in));
  ASSERT_EQ(message.header().msg_iovlen, 1);
  EXPECT_EQ(message.header().msg_iov->iov_base, kPayload.data());
  EXPECT_EQ(message.header().msg_iov->iov_len, 3);
}

TEST(ControlMessagesTest, LengthsAreExactInAReusedBuffer) {
  OutgoingMessage message;
  message.Set({EndpointOf("[2001:db8::1]:5", "fe80::1", 3), 0xff, 1400, true}, kPayload);
  EXPECT_EQ(message.header().msg_controllen, kSendControlBytes);
  message.Set({EndpointOf("192.0.2.1:5", "192.0.2.2"), 0, 0, true}, kPayload);
  EXPECT_EQ(message.header().msg_controllen, CMSG_SPACE(sizeof(in_pktinfo)));
  message.Set({EndpointOf("192.0.2.1:5", "192.0.2.2"), 0, 1400, false}, kPayload);
  ASSERT_EQ(message.header().msg_controllen, CMSG_SPACE(sizeof(uint16_t)));
  const cmsghdr* const segment = CMSG_FIRSTHDR(&message.header());
  EXPECT_EQ(segment->cmsg_level, SOL_UDP);
  EXPECT_EQ(segment->cmsg_type, UDP_SEGMENT);
  EXPECT_EQ(segment->cmsg_len, CMSG_LEN(sizeof(uint16_t)));
  // The padding behind the value is not what the longer message left there.
  const auto* const bytes = static_cast<const uint8_t*>(message.header().msg_control);
  for (size_t i = CMSG_LEN(sizeof(uint16_t)); i < CMSG_SPACE(sizeof(uint16_t)); ++i) {
    EXPECT_EQ(bytes[i], 0);
  }
}

TEST(ControlMessagesTest, NamesTheInterfaceOnlyOfALinkLocalSource) {
  OutgoingMessage message;
  in6_pktinfo packet{};
  message.Set({EndpointOf("[2001:db8::1]:5", "2001:db8::2", 3), 0, 0, true}, kPayload);
  std::memcpy(&packet, CMSG_DATA(CMSG_FIRSTHDR(&message.header())), sizeof(packet));
  EXPECT_EQ(packet.ipi6_ifindex, 0);  // routing chooses
  message.Set({EndpointOf("[fe80::1%3]:5", "fe80::2", 3), 0, 0, true}, kPayload);
  std::memcpy(&packet, CMSG_DATA(CMSG_FIRSTHDR(&message.header())), sizeof(packet));
  EXPECT_EQ(packet.ipi6_ifindex, 3);
  in_pktinfo packet_v4{};
  message.Set({EndpointOf("192.0.2.1:5", "192.0.2.2", 3), 0, 0, true}, kPayload);
  std::memcpy(&packet_v4, CMSG_DATA(CMSG_FIRSTHDR(&message.header())), sizeof(packet_v4));
  EXPECT_EQ(packet_v4.ipi_ifindex, 0);
}

TEST(ControlMessagesTest, ASourceOfTheOtherFamilyIsLeftOut) {
  OutgoingMessage message;
  message.Set({EndpointOf("192.0.2.1:5", "fe80::1"), 0, 0, true}, kPayload);
  EXPECT_EQ(message.header().msg_controllen, 0);
}

TEST(ControlMessagesTest, NamesRoundTrip) {
  for (const char* text : {"192.0.2.1:51820", "[2001:db8::1]:51820", "[fe80::1%3]:51820"}) {
    SocketName name;
    const socklen_t name_bytes = ToSocketName(*SocketAddress::Parse(text), &name);
    EXPECT_EQ(FromSocketName(&name, name_bytes).ToString(), text);
    EXPECT_FALSE(FromSocketName(&name, name_bytes - 1).address.IsSet());
  }
  SocketName name;
  EXPECT_EQ(ToSocketName({}, &name), 0);
  EXPECT_FALSE(FromSocketName(nullptr, 0).address.IsSet());
}

TEST(ControlMessagesTest, AControlMessageCutShortIsIgnored) {
  alignas(cmsghdr) std::array<uint8_t, 64> control{};
  cmsghdr head{};
  head.cmsg_len = CMSG_LEN(2);
  head.cmsg_level = SOL_UDP;
  head.cmsg_type = UDP_GRO;
  std::memcpy(control.data(), &head, sizeof(head));
  std::memset(control.data() + CMSG_LEN(0), 0xff, 2);
  msghdr header{};
  header.msg_control = control.data();
  header.msg_controllen = CMSG_SPACE(2);
  EXPECT_EQ(ParseReceived(header).segment_bytes, 0);
}

TEST(ControlMessagesTest, AMulticastDestinationIsNotUsedAsASource) {
  alignas(cmsghdr) std::array<uint8_t, 64> control{};
  cmsghdr head{};
  head.cmsg_len = CMSG_LEN(sizeof(in6_pktinfo));
  head.cmsg_level = IPPROTO_IPV6;
  head.cmsg_type = IPV6_PKTINFO;
  in6_pktinfo packet{};
  packet.ipi6_addr.s6_addr[0] = 0xff;
  std::memcpy(control.data(), &head, sizeof(head));
  std::memcpy(control.data() + CMSG_LEN(0), &packet, sizeof(packet));
  msghdr header{};
  header.msg_control = control.data();
  header.msg_controllen = CMSG_SPACE(sizeof(in6_pktinfo));
  EXPECT_FALSE(ParseReceived(header).from.local.IsSet());
}

TEST(ControlMessagesTest, OnlyRoutingErrorsAreBlamedOnTheSource) {
  EXPECT_TRUE(MayBlameSourceAddress(EINVAL));
  EXPECT_TRUE(MayBlameSourceAddress(EADDRNOTAVAIL));
  EXPECT_FALSE(MayBlameSourceAddress(EAGAIN));
  EXPECT_FALSE(MayBlameSourceAddress(EPERM));
  EXPECT_FALSE(MayBlameSourceAddress(EMSGSIZE));
}

}  // namespace
}  // namespace ringwire::platform
