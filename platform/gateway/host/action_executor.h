#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_ACTION_EXECUTOR_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_ACTION_EXECUTOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/gateway/host/sysctl_holders.h"
#include "platform/gateway/plan/action.h"
#include "platform/netlink/conntrack.h"
#include "platform/netlink/named_namespace.h"
#include "platform/netlink/netlink.h"
#include "platform/netlink/route_netlink.h"
#include "platform/process/program.h"

namespace ringwire::platform {

// Carries out actions, and knows the interface that they are about. Thread-compatible.
class ActionExecutor {
 public:
  // The owner of the interface, for CreateInterface and DeleteInterface.
  struct InterfaceOwner {
    std::function<absl::Status()> create;
    std::function<absl::Status()> remove;
  };

  virtual ~ActionExecutor() = default;

  // Brings the host into the state of `action`; does nothing if it is so already. True: something
  // changed. The error says what failed.
  virtual absl::StatusOr<bool> Apply(const Action& action) = 0;

  // The interface's present values, set by anyone.
  virtual absl::StatusOr<std::vector<InterfaceAddress>> Addresses() = 0;
  virtual absl::StatusOr<LinkState> Link() = 0;
  // The present index of the interface's name; 0: there is none.
  virtual uint32_t FindInterface() = 0;
  virtual bool HasInterface() = 0;
  // Gives the interface its name back if another program has renamed it. Returns the other name;
  // empty: it has its own.
  virtual absl::StatusOr<std::string> RestoreName() = 0;
  // Whether the nft table is there as it was made (IsTableWhole).
  virtual bool HasWholeTable(const NftTable& table) = 0;
  // Whether the sysctl has that value, or there is none of that name.
  virtual bool HasSysctl(const std::string& path, const std::string& value) = 0;

  // Carries out actions on the interface in that network namespace from now on, as UseNamespace
  // does.
  virtual absl::Status Enter(const std::string& name, NamedNamespace network_namespace) = 0;
  // Returns to this process's own namespace.
  virtual absl::Status Leave() = 0;
  // Runs `visit` in the interface's network namespace: sockets that it opens belong to that.
  virtual absl::Status Visit(absl::FunctionRef<void()> visit) = 0;
  // 0: none of its own.
  virtual uint64_t network_namespace_id() const = 0;

  // The descriptors to which hooks print from now on; they must outlive this object.
  virtual void set_hook_output(const ProgramOutput& output) = 0;
  // The work to do while a hook runs, from now on.
  virtual void set_while_hook(Meanwhile meanwhile) = 0;

  // The index of the interface that actions apply to; 0 (none) until it is set.
  void set_interface_index(uint32_t index) { interface_index_ = index; }
  uint32_t interface_index() const { return interface_index_; }
  // Actions in the interface's namespace do nothing: everything in it went with it.
  void set_namespace_gone(bool is_gone = true) { namespace_gone_ = is_gone; }
  bool namespace_gone() const { return namespace_gone_; }

 protected:
  ActionExecutor() = default;
  ActionExecutor(ActionExecutor&&) = default;
  ActionExecutor& operator=(ActionExecutor&&) = default;

 private:
  uint32_t interface_index_ = 0;
  bool namespace_gone_ = false;
};

// Carries out actions on this host: a thin layer over netlink, nft, /proc/sys and the few programs
// without an alternative. It has one Do() for each action, so it has more than 30 methods.
class Host final : public ActionExecutor {
 public:
  // `state_folder`: where the journals are.
  static absl::StatusOr<Host> Open(std::string interface, InterfaceOwner owner,
                                   std::string state_folder = kStateFolder);

  absl::StatusOr<bool> Apply(const Action& action) override;
  absl::StatusOr<std::vector<InterfaceAddress>> Addresses() override {
    return netlink_.Addresses(interface_index());
  }
  absl::StatusOr<LinkState> Link() override { return netlink_.Query(interface_index()); }
  uint32_t FindInterface() override;
  bool HasInterface() override;
  absl::StatusOr<std::string> RestoreName() override;
  bool HasWholeTable(const NftTable& table) override;
  bool HasSysctl(const std::string& path, const std::string& value) override;
  absl::Status Enter(const std::string& name, NamedNamespace network_namespace) override;
  absl::Status Leave() override;
  absl::Status Visit(absl::FunctionRef<void()> visit) override;
  uint64_t network_namespace_id() const override {
    return namespace_.has_value() ? namespace_->id() : 0;
  }
  void set_hook_output(const ProgramOutput& output) override { hook_output_ = output; }
  void set_while_hook(Meanwhile meanwhile) override { while_hook_ = std::move(meanwhile); }

 private:
  Host(std::string interface, InterfaceOwner owner, std::string state_folder, Netlink netlink,
       RouteNetlink routes);

  absl::StatusOr<bool> Do(const action::CreateInterface& action);
  absl::StatusOr<bool> Do(const action::DeleteInterface& action);
  absl::StatusOr<bool> Do(const action::AddAddress& action);
  absl::StatusOr<bool> Do(const action::RemoveAddress& action);
  absl::StatusOr<bool> Do(const action::SetMtu& action);
  absl::StatusOr<bool> Do(const action::SetLinkUp& action);
  absl::StatusOr<bool> Do(const action::AddRoute& action);
  absl::StatusOr<bool> Do(const action::RemoveRoute& action);
  absl::StatusOr<bool> Do(const action::AddRule& action);
  absl::StatusOr<bool> Do(const action::RemoveRule& action);
  absl::StatusOr<bool> Do(const action::SetSysctl& action);
  absl::StatusOr<bool> Do(const action::ReplaceNftTable& action);
  absl::StatusOr<bool> Do(const action::DeleteNftTable& action);
  absl::StatusOr<bool> Do(const action::ForgetUnforwarded& action);
  absl::StatusOr<bool> Do(const action::ForgetForwarded& action);
  absl::StatusOr<bool> Do(const action::SetDns& action);
  absl::StatusOr<bool> Do(const action::RevertDns& action);
  absl::StatusOr<bool> Do(const action::UseNamespace& action);
  absl::StatusOr<bool> Do(const action::DeleteNamespace& action);
  absl::StatusOr<bool> Do(const action::SetNamespaceDns& action);
  absl::StatusOr<bool> Do(const action::RevertNamespaceDns& action);
  absl::StatusOr<bool> Do(const action::AddBridge& action);
  absl::StatusOr<bool> Do(const action::RemoveBridge& action);
  absl::StatusOr<bool> Do(const action::AddVxlan& action);
  absl::StatusOr<bool> Do(const action::RemoveVxlan& action);
  absl::StatusOr<bool> Do(const action::AddForwarding& action);
  absl::StatusOr<bool> Do(const action::RemoveForwarding& action);
  absl::StatusOr<bool> Do(const action::RunHook& action);
  absl::StatusOr<std::string> RestoreNameHere() const;
  absl::Status OpenSockets();
  using Judgement = bool(const TrackedDatagrams&, const DatagramForwards&,
                         const std::vector<Prefix>& local);
  bool Forget(const DatagramForwards& ports, Judgement is_stale, const std::string& tried);

  std::string interface_;
  std::string state_folder_;
  InterfaceOwner owner_;
  Netlink netlink_;
  RouteNetlink routes_;
  ProgramOutput hook_output_;
  Meanwhile while_hook_;
  std::string namespace_name_;
  std::optional<NamedNamespace> namespace_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_ACTION_EXECUTOR_H_
