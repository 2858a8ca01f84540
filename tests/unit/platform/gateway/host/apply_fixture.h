#ifndef RINGWIRE_TESTS_UNIT_PLATFORM_GATEWAY_HOST_APPLY_FIXTURE_H_
#define RINGWIRE_TESTS_UNIT_PLATFORM_GATEWAY_HOST_APPLY_FIXTURE_H_

#include <stdlib.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/gateway_config.h"
#include "gtest/gtest.h"
#include "platform/gateway/host/action_executor.h"
#include "platform/gateway/host/apply.h"
#include "platform/gateway/host/journal.h"
#include "platform/gateway/host/sysctl_holders.h"
#include "platform/gateway/plan/plan.h"
#include "platform/netlink/netlink.h"
#include "platform/netlink/route_netlink.h"
#include "platform/tun/tun_device.h"
#include "tests/unit/platform/io/network_namespace.h"

namespace ringwire::platform {

inline constexpr char kSysctl[] = "net/ipv4/conf/all/src_valid_mark";
inline constexpr uint32_t kTable = 51820;

inline bool IsAny(const Journal::Entry&) { return true; }

inline Step AddressStep(const char* text) {
  const InterfaceAddress address = *InterfaceAddress::Parse(text);
  return {action::AddAddress{address}, action::RemoveAddress{address}};
}

// A real host in a network namespace, whose interface is a TUN device of the test.
class ApplyTest : public NetworkNamespaceTest {
 protected:
  void SetUp() override {
    NetworkNamespaceTest::SetUp();
    if (IsSkipped()) return;
    std::string pattern = testing::TempDir() + "apply.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    absl::StatusOr<Journal> journal = Journal::Open(folder_, "wg0");
    ASSERT_TRUE(journal.ok()) << journal.status();
    journal_.emplace(*std::move(journal));
    absl::StatusOr<Host> host =
        Host::Open("wg0", {[this] { return Create(); }, [this] { return Remove(); }}, folder_);
    ASSERT_TRUE(host.ok()) << host.status();
    host_.emplace(*std::move(host));
  }
  ~ApplyTest() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  absl::Status Create() {
    absl::StatusOr<TunDevice> device = CreateTunDevice({.name = "wg0"});
    if (!device.ok()) return device.status();
    tun_.emplace(*std::move(device));
    host_->set_interface_index(tun_->interface_index);
    return absl::OkStatus();
  }
  absl::Status Remove() {
    Note("interface");
    had_addresses_at_end_ = !Addresses().empty();
    tun_.reset();
    return absl::OkStatus();
  }

  void Note(const std::string& word) const {
    std::ofstream(folder_ + "/noted", std::ios::app) << word << ' ';
  }
  std::string Noted() const {
    std::ifstream file(folder_ + "/noted");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  action::RunHook NoteBy(const std::string& key, const std::string& word,
                         uint32_t place = 0) const {
    return {key, "printf '" + word + " ' >>" + folder_ + "/noted", place};
  }
  static InterfaceAddress Address(const char* text) { return *InterfaceAddress::Parse(text); }
  static Step RouteStep(const char* prefix, Route::Type type = Route::Type::kInterface) {
    const Route route{type, *Prefix::Parse(prefix), kTable, 0};
    return {action::AddRoute{route}, action::RemoveRoute{route}};
  }
  static Step SysctlStep() {
    return {action::SetSysctl{kSysctl, "1", {}}, action::SetSysctl{kSysctl, "0", "1"}};
  }
  // The steps of a whole tunnel, with hooks at their places.
  std::vector<Step> Steps() const {
    return {{{}, NoteBy("PostDown", "post-down")},
            {NoteBy("PreUp", "pre-up"), {}},
            {action::CreateInterface{}, action::DeleteInterface{}},
            AddressStep("10.7.0.1/24"),
            {action::SetLinkUp{}, {}},
            SysctlStep(),
            RouteStep("10.8.0.0/16"),
            RouteStep("10.9.0.0/16", Route::Type::kUnreachable),
            {{}, NoteBy("PreDown", "pre-down")},
            {NoteBy("PostUp", "post-up"), {}}};
  }
  bool HasAddress(const char* text) {
    absl::StatusOr<Netlink> netlink = Netlink::Open();
    const absl::StatusOr<bool> added = netlink->AddAddress(host_->interface_index(), Address(text));
    if (!added.ok() || !*added) return added.ok();
    EXPECT_TRUE(netlink->RemoveAddress(host_->interface_index(), Address(text)).ok());
    return false;
  }
  size_t RoutesOfTable() {
    absl::StatusOr<RouteNetlink> netlink = RouteNetlink::Open();
    const auto tables = netlink->TablesInUse();
    return static_cast<size_t>(std::ranges::count(*tables, kTable));
  }
  void ExpectAsBefore() {
    EXPECT_EQ(RoutesOfTable(), 0U);
    EXPECT_EQ(ReadSysctl(kSysctl), "0");
    EXPECT_FALSE(tun_.has_value());
    EXPECT_TRUE(journal_->entries().empty());
  }

  // As the kernel lists them, without the link-local one that it may have added.
  std::vector<std::string> Addresses() {
    std::vector<std::string> texts;
    const auto addresses = host_->Addresses();
    EXPECT_TRUE(addresses.ok()) << addresses.status();
    for (const InterfaceAddress& address : *addresses) {
      if (!address.address.IsLinkLocalV6()) texts.push_back(address.ToString());
    }
    return texts;
  }
  // Takes a tunnel with these addresses into force, from the one with those.
  absl::Status Reload(const std::vector<Step>& from, const std::vector<Step>& to) {
    Plan before;
    Plan after;
    before.steps = {{action::CreateInterface{}, action::DeleteInterface{}},
                    {action::SetLinkUp{}, {}}};
    after.steps = before.steps;
    before.steps.insert(before.steps.begin() + 1, from.begin(), from.end());
    after.steps.insert(after.steps.end(), to.begin(), to.end());
    if (!tun_.has_value()) {
      absl::Status status = ApplySteps(before.steps, &*host_, &*journal_);
      if (!status.ok()) return status;
    }
    return ApplyDifference(before, after, &*host_, &*journal_, [] { return absl::OkStatus(); });
  }

  std::string folder_;
  bool had_addresses_at_end_ = false;
  std::optional<TunDevice> tun_;
  std::optional<Journal> journal_;
  std::optional<Host> host_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_TESTS_UNIT_PLATFORM_GATEWAY_HOST_APPLY_FIXTURE_H_
