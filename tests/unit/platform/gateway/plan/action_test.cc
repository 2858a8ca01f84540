#include "platform/gateway/plan/action.h"

#include "gtest/gtest.h"

namespace ringwire::platform {
namespace {

TEST(ActionJsonTest, EveryUndoComesBackAsItWas) {
  const Route route{Route::Type::kUnreachable, *Prefix::Parse("::/0"), 51820, 4294967295};
  const std::vector<Action> actions = {
      action::DeleteInterface{},
      action::RemoveAddress{*InterfaceAddress::Parse("10.77.0.1/24")},
      action::SetMtu{1280},
      action::RemoveRoute{route},
      action::RemoveRoute{{Route::Type::kInterface, *Prefix::Parse("10.0.0.0/8"), 254, 0}},
      action::RemoveRule{
          {.family = IpFamily::kV4, .priority = 1, .table = 2, .unless_mark = 0xca6c}},
      action::RemoveRule{{.family = IpFamily::kV6,
                          .priority = 32764,
                          .table = 254,
                          .source = Prefix::Parse("fd00::1/128"),
                          .destination = Prefix::Parse("fd01::/64"),
                          .if_mark = 7,
                          .suppress_prefix_length = 0}},
      action::RemoveRule{{.family = IpFamily::kV4, .priority = 5, .if_mark = 7, .go_to = 9}},
      action::RemoveRule{
          {.family = IpFamily::kV6, .priority = 5, .go_to = 9, .own_udp_port = 51900}},
      action::RemoveRule{
          {.family = IpFamily::kV6, .priority = 5, .unless_mark = 7, .refuses = true}},
      action::SetSysctl{"net/ipv4/ip_forward", "0", "1"},
      action::SetSysctl{"net/ipv4/ip_forward", "0", std::nullopt},
      action::DeleteNftTable{"ringwire-wg0"},
      action::ForgetForwarded{{}},
      action::ForgetForwarded{
          {{{PortForward::Protocol::kUdp,
             {5000, 5003},
             *IpAddress::Parse("10.77.0.2"),
             {6000, 6003},
             true},
            {PortForward::Protocol::kUdp, {1, 1}, *IpAddress::Parse("fd77::2"), {9, 9}}},
           {*IpAddress::Parse("10.77.0.1"), *IpAddress::Parse("fd77::1")}}},
      action::RevertDns{DnsProgram::kResolvconf, "tun.wg0"},
      action::DeleteNamespace{"vpn"},
      action::RevertNamespaceDns{"vpn", true, 2},
      action::DeleteNftTable{"ringwire-wg0", NftFamily::kBridge},
      action::RemoveBridge{"br0"},
      action::RemoveVxlan{"vxwg0"},
      action::RemoveForwarding{"vxwg0", *IpAddress::Parse("fd77::2")},
      action::RunHook{"PostDown", "echo \"a\" 'b'\t\\ {}", 3},
  };
  for (const Action& action : actions) {
    const std::string json = ToJson(action);
    EXPECT_EQ(json.find('\n'), std::string::npos) << json;
    EXPECT_EQ(UndoFromJson(json), action) << json;
  }
}

TEST(ActionJsonTest, RefusesWhatItDidNotWrite) {
  for (
      const char* const text :
      {"",
       "{",
       "[]",
       "7",
       "{}",
       R"({"do":7})",
       R"({"do":"format_disk"})",
       R"({"do":"remove_address"})",
       R"({"do":"remove_address","address":"x"})",
       R"({"do":"remove_address","address":7})",
       R"({"do":"set_mtu","mtu":-1})",
       R"({"do":"set_mtu","mtu":4294967296})",
       R"({"do":"set_mtu","mtu":1.5})",
       R"({"do":"remove_route","prefix":"::/0","table":1,"metric":2})",
       R"({"do":"remove_route","prefix":"::/0","table":1,"metric":2,"unreachable":2})",
       R"({"do":"remove_rule","family":5,"priority":1,"table":2})",
       R"({"do":"remove_rule","family":4,"priority":1,"table":2,"source":7})",
       R"({"do":"remove_rule","family":4,"priority":1,"table":2,"destination":"x"})",
       R"({"do":"set_sysctl","path":"a"})",
       R"({"do":"delete_nft_table","name":null})",
       R"({"do":"revert_dns","program":3,"record":"a"})",
       R"({"do":"forget_forwarded","forwards":[]})",
       R"({"do":"forget_forwarded","forwards":[],"own":["x"]})",
       R"({"do":"forget_forwarded","forwards":[7],"own":[]})",
       R"({"do":"forget_forwarded","own":[],"forwards":[{"protocol":"udp","first":2,"last":1,"target":"10.77.0.2","to":2,"masquerade":false}]})",
       R"({"do":"forget_forwarded","own":[],"forwards":[{"protocol":"udp","first":1,"last":9,"target":"10.77.0.2","to":65530,"masquerade":false}]})",
       R"({"do":"forget_forwarded","own":[],"forwards":[{"protocol":"icmp","first":1,"last":1,"target":"10.77.0.2","to":1,"masquerade":false}]})",
       R"({"do":"delete_namespace"})",
       R"({"do":"delete_namespace","name":7})",
       R"({"do":"revert_namespace_dns","namespace":"a","had_file":2,"folders_made":0})",
       R"({"do":"revert_namespace_dns","namespace":"a","had_file":0,"folders_made":3})",
       R"({"do":"revert_namespace_dns","had_file":0,"folders_made":0})",
       R"({"do":"delete_nft_table","name":"a","bridge":0})",
       R"({"do":"remove_bridge","name":7})",
       R"({"do":"remove_vxlan"})",
       R"({"do":"remove_forwarding","vxlan":"vxwg0","to":"x"})",
       R"({"do":"run_hook","key":"PostUp"})"}) {
    EXPECT_EQ(UndoFromJson(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace ringwire::platform
