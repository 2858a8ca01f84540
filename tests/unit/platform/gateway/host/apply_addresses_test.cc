#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "core/config/gateway_config.h"
#include "gtest/gtest.h"
#include "platform/base/unique_fd.h"
#include "platform/gateway/host/apply.h"
#include "platform/netlink/netlink.h"
#include "tests/unit/platform/gateway/host/apply_fixture.h"
#include "tests/unit/platform/netlink/has_route.h"

namespace ringwire::platform {
namespace {

TEST_F(ApplyTest, AnAddressThatWentWithIpv6IsNoFailure) {
  const std::vector<Step> steps = {{action::CreateInterface{}, action::DeleteInterface{}},
                                   AddressStep("fd07::1/64"),
                                   {action::SetMtu{1000}, {}},
                                   {action::SetLinkUp{}, {}}};
  ASSERT_TRUE(ApplySteps(steps, &*host_, &*journal_).ok());
  EXPECT_TRUE(Undo(&*host_, &*journal_, IsAny).ok());
  ExpectAsBefore();
}

TEST_F(ApplyTest, ALargerMtuBringsNoAddressOfTheKernels) {
  const std::vector<Step> steps = {{action::CreateInterface{}, action::DeleteInterface{}},
                                   {action::SetMtu{1000}, {}},
                                   {action::SetLinkUp{}, {}},
                                   {action::SetMtu{1420}, {}}};
  ASSERT_TRUE(ApplySteps(steps, &*host_, &*journal_).ok());
  EXPECT_TRUE(host_->Addresses()->empty());
  EXPECT_EQ(ReadSysctl("net/ipv6/conf/wg0/accept_ra"), "0");
  EXPECT_TRUE(Undo(&*host_, &*journal_, IsAny).ok());
}

// The address that a packet to the interface's network gets.
std::string SourceTowards(const char* destination) {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(9);
  ::inet_pton(AF_INET, destination, &address.sin_addr);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
    return "";
  socklen_t size = sizeof(address);
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  std::array<char, INET_ADDRSTRLEN> text{};
  return ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
}

TEST_F(ApplyTest, AfterADifferenceTheFirstAddressIsTheSourceAsAtTheStart) {
  const auto plan = [](std::initializer_list<const char*> addresses) {
    Plan made;
    made.steps = {{action::CreateInterface{}, action::DeleteInterface{}}};
    for (const char* const address : addresses) made.steps.push_back(AddressStep(address));
    made.steps.push_back({action::SetLinkUp{}, {}});
    made.steps.push_back(RouteStep("10.8.0.0/16"));
    return made;
  };
  Plan before = plan({"10.7.0.1/24", "10.7.0.2/24", "10.7.1.1/16"});
  ASSERT_TRUE(ApplySteps(before.steps, &*host_, &*journal_).ok());
  EXPECT_EQ(SourceTowards("10.7.0.9"), "10.7.0.1");
  for (const auto& [after, source] :
       {std::pair(plan({"10.7.0.2/24", "10.7.0.1/24", "10.7.1.1/16"}), "10.7.0.2"),
        std::pair(plan({"10.7.0.1/24", "10.7.0.2/24", "10.7.1.1/16"}), "10.7.0.1"),
        std::pair(plan({"10.7.0.3/24", "10.7.0.1/24", "10.7.0.2/24"}), "10.7.0.3"),
        std::pair(plan({"10.7.0.2/24", "10.7.0.3/24"}), "10.7.0.2")}) {
    ASSERT_TRUE(
        ApplyDifference(before, after, &*host_, &*journal_, [] { return absl::OkStatus(); }).ok());
    EXPECT_EQ(SourceTowards("10.7.0.9"), source);
    EXPECT_EQ(RoutesOfTable(), 1U) << "routes are there as ever";
    before = after;
  }
}

TEST_F(ApplyTest, ADifferenceHasAddressesInTheOrderOfTheFile) {
  using Texts = std::vector<std::string>;
  const std::vector<Step> first = {AddressStep("10.7.0.2/24"), AddressStep("10.8.0.2/24")};
  const std::vector<Step> second = {AddressStep("10.7.0.9/24"), AddressStep("10.7.0.2/24"),
                                    AddressStep("10.8.0.9/24"), AddressStep("10.8.0.2/24")};
  const std::vector<Step> third = {AddressStep("10.8.0.2/24"), AddressStep("10.7.0.2/24")};
  ASSERT_TRUE(Reload(first, first).ok());
  ASSERT_TRUE(host_->Apply(*RouteStep("10.20.0.0/16").apply).ok()) << "as a hook does";
  ASSERT_TRUE(Reload(first, second).ok());
  EXPECT_EQ(Addresses(), (Texts{"10.7.0.9/24", "10.8.0.9/24", "10.7.0.2/24", "10.8.0.2/24"}));
  EXPECT_EQ(RoutesOfTable(), 1U) << "the hook's";
  ASSERT_TRUE(Reload(second, third).ok());
  EXPECT_EQ(Addresses(), (Texts{"10.8.0.2/24", "10.7.0.2/24"}));
  EXPECT_EQ(journal_->entries().size(), 3U);
  ASSERT_TRUE(Reload(third, first).ok());
  EXPECT_EQ(Addresses(), (Texts{"10.7.0.2/24", "10.8.0.2/24"}));
}

TEST_F(ApplyTest, AnAddressMayGetAnotherLength) {
  const Route network{Route::Type::kInterface, *Prefix::Parse("10.7.0.0/24"), kMainTable, 0};
  const std::vector<Step> wide = {AddressStep("10.7.0.2/24"), AddressStep("fd07::2/64")};
  const std::vector<Step> narrow = {AddressStep("10.7.0.2/32"),
                                    AddressStep("fd07::2/128"),
                                    {action::AddRoute{network}, action::RemoveRoute{network}}};
  const absl::Status status = Reload(wide, narrow);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(Addresses(), (std::vector<std::string>{"10.7.0.2/32", "fd07::2/128"}));
  absl::StatusOr<RouteNetlink> netlink = RouteNetlink::Open();
  EXPECT_TRUE(HasRoute(&*netlink, network, host_->interface_index()));
  ASSERT_TRUE(Reload(narrow, wide).ok());
  EXPECT_EQ(Addresses(), (std::vector<std::string>{"10.7.0.2/24", "fd07::2/64"}));
  EXPECT_FALSE(HasRoute(&*netlink, network, host_->interface_index()));
  ASSERT_TRUE(Undo(&*host_, &*journal_, IsAny).ok());
  ExpectAsBefore();
}

}  // namespace
}  // namespace ringwire::platform
