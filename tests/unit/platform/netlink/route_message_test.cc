#include "platform/netlink/route_message.h"

#include <gtest/gtest.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include <array>
#include <vector>

namespace ringwire::platform {
namespace {

constexpr uint32_t kLink = 7;

Prefix Net(const char* text) { return *Prefix::Parse(text); }

std::optional<KernelRoute> RoundTrip(const Route& route) {
  const NetlinkMessage message = RouteMessage(RTM_NEWROUTE, NLM_F_CREATE, route, kLink);
  return ParseRoute(nlmsg_hdr(message.get()));
}

// What the kernel would say of a route that ringwire cannot make.
NetlinkMessage Raw(uint16_t type, const rtmsg& header) {
  NetlinkMessage message(nlmsg_alloc_simple(type, 0));
  nlmsg_append(message.get(), const_cast<rtmsg*>(&header), sizeof(header), NLMSG_ALIGNTO);
  return message;
}

rtmsg HeaderOf(uint8_t family, uint8_t type) {
  rtmsg header{};
  header.rtm_family = family;
  header.rtm_type = type;
  return header;
}

std::array<nlattr*, RTA_MAX + 1> AttributesOf(const NetlinkMessage& message) {
  std::array<nlattr*, RTA_MAX + 1> attributes{};
  EXPECT_EQ(
      nlmsg_parse(nlmsg_hdr(message.get()), sizeof(rtmsg), attributes.data(), RTA_MAX, nullptr), 0);
  return attributes;
}

TEST(RouteMessageTest, ARouteByTheInterfaceComesBack) {
  for (const char* const prefix : {"10.1.0.0/16", "0.0.0.0/0", "2001:db8::/32", "::/0"}) {
    const auto route = RoundTrip({Route::Type::kInterface, Net(prefix), 51820, 42});
    ASSERT_TRUE(route.has_value()) << prefix;
    EXPECT_EQ(route->prefix, Net(prefix));
    EXPECT_EQ(route->type, RTN_UNICAST);
    EXPECT_EQ(route->protocol, RTPROT_BOOT);
    EXPECT_EQ(route->table, 51820U);
    EXPECT_EQ(route->metric, 42U);
    EXPECT_EQ(route->interface_index, kLink);
    EXPECT_EQ(route->mtu, 0U);
    EXPECT_FALSE(route->has_gateway);
    EXPECT_FALSE(route->is_cached);
  }
}

TEST(RouteMessageTest, ARouteThatRefusesHasNoInterface) {
  const auto route = RoundTrip({Route::Type::kUnreachable, Net("::/0"), 51820, kGreatestMetric});
  ASSERT_TRUE(route.has_value());
  EXPECT_EQ(route->type, RTN_UNREACHABLE);
  EXPECT_EQ(route->interface_index, 0U);
  EXPECT_EQ(route->metric, kGreatestMetric);
}

TEST(RouteMessageTest, ReadsTheMtuAndTheGatewayOfARoute) {
  NetlinkMessage message = Raw(RTM_NEWROUTE, HeaderOf(AF_INET, RTN_UNICAST));
  nla_put_u32(message.get(), RTA_OIF, kLink);
  nla_put_u32(message.get(), RTA_GATEWAY, htonl(0xc0000201));
  nlattr* const metrics = nla_nest_start(message.get(), RTA_METRICS);
  nla_put_u32(message.get(), RTAX_MTU, 1400);
  nla_nest_end(message.get(), metrics);
  const auto route = ParseRoute(nlmsg_hdr(message.get()));
  ASSERT_TRUE(route.has_value());
  EXPECT_EQ(route->prefix, Net("0.0.0.0/0")) << "without a destination it is a default route";
  EXPECT_TRUE(route->has_gateway);
  EXPECT_EQ(route->mtu, 1400U);
}

TEST(RouteMessageTest, ARouteOfSeveralWaysMayHaveAGateway) {
  const NetlinkMessage message = Raw(RTM_NEWROUTE, HeaderOf(AF_INET6, RTN_UNICAST));
  const auto route = ParseRoute(nlmsg_hdr(message.get()));
  ASSERT_TRUE(route.has_value());
  EXPECT_TRUE(route->has_gateway);
  EXPECT_EQ(route->interface_index, 0U);
}

TEST(RouteMessageTest, ACachedRouteIsMarked) {
  rtmsg header = HeaderOf(AF_INET6, RTN_UNICAST);
  header.rtm_flags = RTM_F_CLONED;
  const NetlinkMessage message = Raw(RTM_NEWROUTE, header);
  EXPECT_TRUE(ParseRoute(nlmsg_hdr(message.get()))->is_cached);
}

TEST(RouteMessageTest, OtherMessagesAreNoRoutes) {
  const NetlinkMessage removed = Raw(RTM_DELROUTE, HeaderOf(AF_INET, RTN_UNICAST));
  EXPECT_FALSE(ParseRoute(nlmsg_hdr(removed.get())).has_value());
  const NetlinkMessage other_family = Raw(RTM_NEWROUTE, HeaderOf(AF_MPLS, RTN_UNICAST));
  EXPECT_FALSE(ParseRoute(nlmsg_hdr(other_family.get())).has_value());
  NetlinkMessage short_address = Raw(RTM_NEWROUTE, HeaderOf(AF_INET6, RTN_UNICAST));
  nla_put_u32(short_address.get(), RTA_DST, 1);
  EXPECT_FALSE(ParseRoute(nlmsg_hdr(short_address.get())).has_value());
}

TEST(RouteMessageTest, ARuleComesBackWithItsNumbers) {
  Rule rule{IpFamily::kV6, 100, 51820};
  rule.unless_mark = 0xca6c;
  const NetlinkMessage message = RuleMessage(RTM_NEWRULE, NLM_F_CREATE, rule);
  const auto read = ParseRule(nlmsg_hdr(message.get()));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->priority, 100U);
  EXPECT_EQ(read->table, 51820U);
  EXPECT_EQ(read->fwmark, 0xca6cU);
}

TEST(RouteMessageTest, ARuleForDatagramsFromAPortSparesWhatIsForwarded) {
  Rule rule{.family = IpFamily::kV4, .priority = 100};
  rule.own_udp_port = 51900;
  rule.go_to = 200;
  const NetlinkMessage message = RuleMessage(RTM_NEWRULE, NLM_F_CREATE, rule);
  std::array<nlattr*, FRA_MAX + 1> attributes{};
  ASSERT_GE(nlmsg_parse(nlmsg_hdr(message.get()), sizeof(fib_rule_hdr), attributes.data(), FRA_MAX,
                        nullptr),
            0);
  EXPECT_STREQ(nla_get_string(attributes[FRA_IIFNAME]), "lo");
  EXPECT_EQ(nla_get_u8(attributes[FRA_IP_PROTO]), IPPROTO_UDP);
  const auto* const ports =
      static_cast<const fib_rule_port_range*>(nla_data(attributes[FRA_SPORT_RANGE]));
  EXPECT_EQ(ports->start, 51900);
  EXPECT_EQ(ports->end, 51900);
  EXPECT_EQ(RuleWords(rule), "priority 100 iif lo ipproto udp sport 51900 goto 200");
}

TEST(RouteMessageTest, AQuestionNamesAllThatARuleMayLookAt) {
  const IpAddress to = *IpAddress::Parse("2001:db8::2");
  const IpAddress from = *IpAddress::Parse("2001:db8::1");
  const NetlinkMessage message =
      RouteQuestionMessage({.to = to,
                            .interface_index = kLink,
                            .datagram = RouteQuestion::Datagram{
                                .from = from, .from_port = 51820, .to_port = 1234, .fwmark = 5}});
  const auto attributes = AttributesOf(message);
  EXPECT_EQ(AddressIn(attributes[RTA_DST], AF_INET6), to);
  EXPECT_EQ(AddressIn(attributes[RTA_SRC], AF_INET6), from);
  EXPECT_EQ(nla_get_u32(attributes[RTA_OIF]), kLink);
  EXPECT_EQ(nla_get_u32(attributes[RTA_MARK]), 5U);
  EXPECT_EQ(nla_get_u8(attributes[RTA_IP_PROTO]), IPPROTO_UDP);
  EXPECT_EQ(nla_get_u16(attributes[RTA_SPORT]), htons(51820));
  EXPECT_EQ(nla_get_u16(attributes[RTA_DPORT]), htons(1234));
}

TEST(RouteMessageTest, AQuestionAboutAnAddressAloneNamesNothingElse) {
  const NetlinkMessage message = RouteQuestionMessage({.to = *IpAddress::Parse("192.0.2.1")});
  const auto attributes = AttributesOf(message);
  EXPECT_NE(attributes[RTA_DST], nullptr);
  for (const int type : {RTA_SRC, RTA_OIF, RTA_MARK, RTA_IP_PROTO, RTA_SPORT, RTA_DPORT}) {
    EXPECT_EQ(attributes[static_cast<size_t>(type)], nullptr) << type;
  }
}

}  // namespace
}  // namespace ringwire::platform
