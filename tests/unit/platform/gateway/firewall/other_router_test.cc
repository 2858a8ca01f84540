#include "platform/gateway/firewall/other_router.h"

#include <gtest/gtest.h>

#include <string>

#include "fmt/format.h"

namespace ringwire::platform {
namespace {

std::string Found(const std::string& table, const std::string& chain) {
  return OtherRouterIn(fmt::format(
      R"({{"nftables":[{{"metainfo":{{}}}},{{"chain":{{"family":"ip","table":"{}","name":"{}"}}}}]}})",
      table, chain));
}

TEST(OtherRouterTest, KnowsProgramsThatForwardByTheirChainsAndTables) {
  EXPECT_EQ(Found("filter", "DOCKER-USER"), "the chain DOCKER-USER of docker");
  EXPECT_EQ(Found("nat", "KUBE-POSTROUTING"), "the chain KUBE-POSTROUTING of Kubernetes");
  EXPECT_EQ(Found("filter", "LIBVIRT_FWO"), "the chain LIBVIRT_FWO of libvirt");
  EXPECT_EQ(Found("netavark", "FORWARD"), "the table netavark of podman");
}

TEST(OtherRouterTest, AHostsOwnFirewallIsNone) {
  EXPECT_EQ(Found("filter", "FORWARD"), "");
  EXPECT_EQ(Found("ringwire-wg0", "forward"), "");
  EXPECT_EQ(Found("firewalld", "filter_FORWARD"), "");
}

TEST(OtherRouterTest, WhatNftDoesNotListIsNone) {
  for (const char* const text : {"", "{", "[]", R"({"nftables":7})", R"({"nftables":[7,{}]})",
                                 R"({"nftables":[{"chain":{"name":7}}]})"}) {
    EXPECT_EQ(OtherRouterIn(text), "") << text;
  }
}

}  // namespace
}  // namespace ringwire::platform
