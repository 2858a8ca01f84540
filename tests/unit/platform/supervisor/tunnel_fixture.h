#ifndef RINGWIRE_TESTS_UNIT_PLATFORM_SUPERVISOR_TUNNEL_FIXTURE_H_
#define RINGWIRE_TESTS_UNIT_PLATFORM_SUPERVISOR_TUNNEL_FIXTURE_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "platform/gateway/host/gather_facts.h"
#include "platform/supervisor/tunnel_on_host.h"
#include "tests/support/folder_test.h"
#include "tests/unit/platform/supervisor/doubles.h"

namespace ringwire::platform {

// What is in effect on the double of a host, in words.
using Effects = std::multiset<std::string>;

// Carries actions out on a set of words, and fails when the test says so.
class ExecutorDouble final : public ActionExecutor {
 public:
  ExecutorDouble(InterfaceOwner owner, Effects* effects, const bool* has_interface)
      : owner_(std::move(owner)), effects_(*effects), has_interface_(*has_interface) {}

  absl::StatusOr<bool> Apply(const Action& action) override {
    ++applied_;
    const auto* const hook = std::get_if<action::RunHook>(&action);
    if (applied_ == fail_at_) {
      return absl::InternalError(hook != nullptr ? "told to fail: hook" : "told to fail");
    }
    if (hook != nullptr) hooks_.push_back(hook->key);
    return std::visit([this](const auto& one) { return Do(one); }, action);
  }
  absl::StatusOr<std::vector<InterfaceAddress>> Addresses() override { return addresses_; }
  absl::StatusOr<LinkState> Link() override { return LinkState{true, is_link_up_, 1420, "tun"}; }
  uint32_t FindInterface() override { return has_interface_ ? kTestIndex : 0; }
  bool HasInterface() override { return has_interface_ && interface_index() != 0; }
  absl::StatusOr<std::string> RestoreName() override { return std::exchange(other_name_, {}); }
  bool HasWholeTable(const NftTable& table) override {
    return effects_.contains(TableText(table.name, table.family));
  }
  bool HasSysctl(const std::string& path, const std::string&) override {
    return effects_.contains("sysctl " + path);
  }
  absl::Status Enter(const std::string&, NamedNamespace) override { return absl::OkStatus(); }
  absl::Status Leave() override { return absl::OkStatus(); }
  absl::Status Visit(absl::FunctionRef<void()> visit) override {
    visit();
    return absl::OkStatus();
  }
  uint64_t network_namespace_id() const override { return 0; }
  void set_hook_output(const ProgramOutput&) override {}
  void set_while_hook(Meanwhile) override {}

  // The number of the action that fails from now on, from 1; 0: none.
  void FailAt(size_t number) {
    applied_ = 0;
    fail_at_ = number;
  }
  size_t applied() const { return applied_; }
  const Effects& effects() const { return effects_; }
  const std::vector<std::string>& hooks() const { return hooks_; }
  bool HasTable() const { return effects_.contains("table ringwire-rwtest0"); }
  void set_other_name(std::string name) { other_name_ = std::move(name); }
  void set_link_up(bool up) { is_link_up_ = up; }
  void set_addresses(std::vector<InterfaceAddress> addresses) { addresses_ = std::move(addresses); }

 private:
  bool Add(const std::string& effect) {
    if (effects_.contains(effect)) return false;
    effects_.insert(effect);
    return true;
  }
  bool Remove(const std::string& effect) { return effects_.erase(effect) > 0; }
  static std::string TableText(const std::string& name, NftFamily family) {
    return (family == NftFamily::kInet ? "table " : "table bridge ") + name;
  }
  static std::string RouteText(const Route& route) {
    return fmt::format("route {} {} {}", route.prefix.ToString(), route.table,
                       static_cast<int>(route.type));
  }
  static std::string RuleText(const Rule& rule) {
    return fmt::format("rule {} {}", static_cast<int>(rule.family), RuleWords(rule));
  }

  absl::StatusOr<bool> Do(const action::CreateInterface&) {
    const absl::Status status = owner_.create();
    if (!status.ok()) return status;
    return true;
  }
  absl::StatusOr<bool> Do(const action::DeleteInterface&) {
    const absl::Status status = owner_.remove();
    if (!status.ok()) return status;
    std::erase_if(effects_, [](const std::string& effect) {
      const bool is_route = effect.starts_with("route") && effect.ends_with(" 0");
      return effect.starts_with("address") || effect.starts_with("vxlan") ||
             effect.starts_with("forwarding") || is_route;
    });
    return true;
  }
  absl::StatusOr<bool> Do(const action::AddAddress& add) {
    return Add("address " + add.address.ToString());
  }
  absl::StatusOr<bool> Do(const action::RemoveAddress& remove) {
    return Remove("address " + remove.address.ToString());
  }
  absl::StatusOr<bool> Do(const action::AddRoute& add) { return Add(RouteText(add.route)); }
  absl::StatusOr<bool> Do(const action::RemoveRoute& remove) {
    return Remove(RouteText(remove.route));
  }
  absl::StatusOr<bool> Do(const action::AddRule& add) { return Add(RuleText(add.rule)); }
  absl::StatusOr<bool> Do(const action::RemoveRule& remove) {
    return Remove(RuleText(remove.rule));
  }
  absl::StatusOr<bool> Do(const action::SetSysctl& set) {
    const bool restores = set.only_if.has_value();
    return restores ? Remove("sysctl " + set.path) : Add("sysctl " + set.path);
  }
  absl::StatusOr<bool> Do(const action::ReplaceNftTable& replace) {
    Add(TableText(replace.table.name, replace.table.family));
    return true;
  }
  absl::StatusOr<bool> Do(const action::DeleteNftTable& remove) {
    return Remove(TableText(remove.name, remove.family));
  }
  absl::StatusOr<bool> Do(const action::AddBridge& add) { return Add("bridge " + add.name); }
  absl::StatusOr<bool> Do(const action::RemoveBridge& remove) {
    return Remove("bridge " + remove.name);
  }
  absl::StatusOr<bool> Do(const action::AddVxlan& add) { return Add("vxlan " + add.vxlan.name); }
  absl::StatusOr<bool> Do(const action::RemoveVxlan& remove) {
    return Remove("vxlan " + remove.name);
  }
  absl::StatusOr<bool> Do(const action::AddForwarding& add) {
    Add("forwarding " + add.to.ToString());
    return true;
  }
  absl::StatusOr<bool> Do(const action::RemoveForwarding& remove) {
    return Remove("forwarding " + remove.to.ToString());
  }
  template <typename Other>
  absl::StatusOr<bool> Do(const Other&) {
    return true;
  }

  const InterfaceOwner owner_;
  Effects& effects_;
  const bool& has_interface_;
  size_t applied_ = 0;
  size_t fail_at_ = 0;
  std::vector<std::string> hooks_;
  std::string other_name_;
  bool is_link_up_ = true;
  std::vector<InterfaceAddress> addresses_;
};

// A TunnelOnHost with a real journal, over the double of a host. The relay is a bool.
class TunnelOnHostTest : public FolderTest {
 protected:
  enum class Before { kClean, kKeep };  // the effects that are there

  // Lines of [Interface], with sections after them.
  static constexpr char kEverything[] = "0.0.0.0/0, ::/0";
  static constexpr char kKillSwitch[] = "[Gateway]\nKillSwitch = on\n";
  static constexpr char kOpen[] =
      "PreUp = a\nPostUp = b\nPreDown = c\nPostDown = d\n[Gateway]\nForward = on\n";
  static constexpr char kFull[] =
      "PreUp = a\nPostUp = b\nPreDown = c\nPostDown = d\n"
      "[Gateway]\nKillSwitch = on\nForward = on\n";

  TunnelOnHostTest() {
    facts_.sysctls = {{"net/ipv4/conf/all/src_valid_mark", "0"}, {"net/ipv4/ip_forward", "0"}};
    facts_.interfaces = {"eth0"};
  }

  static ConfigFile Config(const std::string& lines, const std::string& allowed = kEverything) {
    return ParseTestConfig(
        fmt::format("[Interface]\nPrivateKey = {}\nAddress = 10.1.0.2/24\n{}\n[Peer]\nPublicKey = "
                    "{}\nEndpoint = 192.0.2.1:51820\nAllowedIPs = {}\n",
                    kTestKey, lines, kTestPeer, allowed));
  }
  std::string JournalPath() const { return Journal::PathOf(folder_, "rwtest0"); }
  bool HasJournal() const { return std::filesystem::exists(JournalPath()); }

  SupervisedTunnel::InterfaceOwner Owner() {
    return {[this]() -> absl::StatusOr<uint32_t> {
              if (!start_error_.ok()) return start_error_;
              is_process_there_ = true;
              return made_index_;
            },
            [this] { is_process_there_ = false; }};
  }
  HostAccess Access() {
    HostAccess access;
    access.state_folder = folder_;
    access.open_executor =
        [this](const std::string&, ActionExecutor::InterfaceOwner owner,
               const std::string&) -> absl::StatusOr<std::unique_ptr<ActionExecutor>> {
      auto host = std::make_unique<ExecutorDouble>(std::move(owner), &effects_, &is_process_there_);
      host_ = host.get();
      return host;
    };
    access.gather = [this](std::string_view, const ConfigFile&, const Journal& own,
                           const std::string&) -> absl::StatusOr<HostFacts> {
      if (!gather_error_.ok()) return gather_error_;
      HostFacts facts = facts_;
      AddJournalFacts("rwtest0", own, folder_, &facts);
      return facts;
    };
    access.check_sysctls = [](auto&&...) { return absl::OkStatus(); };
    access.path_mtu = [](auto&&...) { return 1400; };
    return access;
  }
  // One that has planned this, and whose actions are counted from now on.
  std::unique_ptr<TunnelOnHost> Prepared(const std::string& lines, Before before = Before::kClean,
                                         const std::string& allowed = kEverything) {
    if (before == Before::kClean) effects_.clear();
    is_process_there_ = false;
    auto tunnel = std::make_unique<TunnelOnHost>("rwtest0", Access());
    absl::Status status = tunnel->Open(Owner());
    EXPECT_TRUE(status.ok()) << status;
    if (status.ok()) status = tunnel->Prepare(Config(lines, allowed));
    EXPECT_TRUE(status.ok()) << status;
    host_->FailAt(0);
    return tunnel;
  }

  HostFacts facts_;
  Effects effects_;
  ExecutorDouble* host_ = nullptr;  // of the latest tunnel
  bool is_process_there_ = false;
  uint32_t made_index_ = kTestIndex;
  absl::Status start_error_;
  absl::Status gather_error_;
  uint32_t mark_ = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_TESTS_UNIT_PLATFORM_SUPERVISOR_TUNNEL_FIXTURE_H_
