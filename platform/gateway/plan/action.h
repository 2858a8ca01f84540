#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_ACTION_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_ACTION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/config/config_value.h"
#include "core/config/gateway_config.h"
#include "core/wire/address.h"
#include "platform/gateway/firewall/nft_table.h"
#include "platform/netlink/bridge_netlink.h"
#include "platform/netlink/conntrack.h"
#include "platform/netlink/route.h"

// What a gateway changes on its host, each change as data: it can be compared, printed, written to
// the journal, and applied by Host. Unless it says otherwise an action is about the gateway's own
// interface.
namespace ringwire::platform {

// The program that keeps the host's list of name servers.
enum class DnsProgram : uint8_t { kNone, kResolvconf, kResolvectl };

namespace action {

// The device itself, which another process owns; not something that Host can do.
struct CreateInterface {
  friend bool operator==(const CreateInterface&, const CreateInterface&) = default;
};
struct DeleteInterface {
  friend bool operator==(const DeleteInterface&, const DeleteInterface&) = default;
};

struct AddAddress {
  InterfaceAddress address;
  friend bool operator==(const AddAddress&, const AddAddress&) = default;
};
struct RemoveAddress {
  InterfaceAddress address;
  friend bool operator==(const RemoveAddress&, const RemoveAddress&) = default;
};

struct SetMtu {
  uint32_t mtu = 0;
  friend bool operator==(const SetMtu&, const SetMtu&) = default;
};
struct SetLinkUp {
  friend bool operator==(const SetLinkUp&, const SetLinkUp&) = default;
};

struct AddRoute {
  Route route;
  friend bool operator==(const AddRoute&, const AddRoute&) = default;
};
struct RemoveRoute {
  Route route;
  friend bool operator==(const RemoveRoute&, const RemoveRoute&) = default;
};

struct AddRule {
  Rule rule;
  friend bool operator==(const AddRule&, const AddRule&) = default;
};
struct RemoveRule {
  Rule rule;
  friend bool operator==(const RemoveRule&, const RemoveRule&) = default;
};

struct SetSysctl {
  std::string path;  // below /proc/sys
  std::string value;
  // Nothing is done where the value is another one: somebody else has changed it since.
  std::optional<std::string> only_if;
  friend bool operator==(const SetSysctl&, const SetSysctl&) = default;
};

struct ReplaceNftTable {
  NftTable table;
  friend bool operator==(const ReplaceNftTable&, const ReplaceNftTable&) = default;
};
struct DeleteNftTable {
  std::string name;
  NftFamily family = NftFamily::kInet;
  friend bool operator==(const DeleteNftTable&, const DeleteNftTable&) = default;
};

// The kernel decides for the first datagram of a conversation, and then treats all of them so, as
// long as they go on coming. So it has to forget a conversation when its ports are forwarded from
// now on,
struct ForgetUnforwarded {
  DatagramForwards ports;
  friend bool operator==(const ForgetUnforwarded&, const ForgetUnforwarded&) = default;
};
// and when they no longer are.
struct ForgetForwarded {
  DatagramForwards ports;
  friend bool operator==(const ForgetForwarded&, const ForgetForwarded&) = default;
};

struct SetDns {
  DnsProgram program = DnsProgram::kNone;
  std::string record;  // the interface as the program calls it
  std::vector<std::string> servers;
  std::vector<std::string> search;
  friend bool operator==(const SetDns&, const SetDns&) = default;
};
struct RevertDns {
  DnsProgram program = DnsProgram::kNone;
  std::string record;
  friend bool operator==(const RevertDns&, const RevertDns&) = default;
};

// The network namespace of all later actions on the interface.
struct UseNamespace {
  std::string name;
  bool create = false;  // there was none at the time of planning
  friend bool operator==(const UseNamespace&, const UseNamespace&) = default;
};
// Unless programs are in it, or another interface.
struct DeleteNamespace {
  std::string name;
  friend bool operator==(const DeleteNamespace&, const DeleteNamespace&) = default;
};

// The resolv.conf that programs of a network namespace see, /etc/netns/NAME/resolv.conf.
struct SetNamespaceDns {
  std::string network_namespace;
  std::string text;
  // What there was at the time of planning.
  bool has_file = false;
  friend bool operator==(const SetNamespaceDns&, const SetNamespaceDns&) = default;
};
struct RevertNamespaceDns {
  std::string network_namespace;
  bool had_file = false;
  uint32_t folders_made = 0;  // of /etc/netns/NAME and /etc/netns, the last ones
  friend bool operator==(const RevertNamespaceDns&, const RevertNamespaceDns&) = default;
};

// A bridge, made unless there is one of that name.
struct AddBridge {
  std::string name;
  friend bool operator==(const AddBridge&, const AddBridge&) = default;
};
// Unless it has ports, or an administrator made it.
struct RemoveBridge {
  std::string name;
  friend bool operator==(const RemoveBridge&, const RemoveBridge&) = default;
};
// A device on top of the interface, with which the kernel removes it.
struct AddVxlan {
  Vxlan vxlan;
  friend bool operator==(const AddVxlan&, const AddVxlan&) = default;
};
struct RemoveVxlan {
  std::string name;
  friend bool operator==(const RemoveVxlan&, const RemoveVxlan&) = default;
};
// Broadcasts and frames to unknown hosts go to this address.
struct AddForwarding {
  std::string vxlan;
  IpAddress to;
  friend bool operator==(const AddForwarding&, const AddForwarding&) = default;
};
struct RemoveForwarding {
  std::string vxlan;
  IpAddress to;
  friend bool operator==(const RemoveForwarding&, const RemoveForwarding&) = default;
};

struct RunHook {
  std::string key;      // PostUp, ...
  std::string command;  // for the shell
  uint32_t place = 0;   // among those of its key, as the same line may stand there twice
  friend bool operator==(const RunHook&, const RunHook&) = default;
};

}  // namespace action

using Action =
    std::variant<action::CreateInterface, action::DeleteInterface, action::AddAddress,
                 action::RemoveAddress, action::SetMtu, action::SetLinkUp, action::AddRoute,
                 action::RemoveRoute, action::AddRule, action::RemoveRule, action::SetSysctl,
                 action::ReplaceNftTable, action::DeleteNftTable, action::ForgetUnforwarded,
                 action::ForgetForwarded, action::SetDns, action::RevertDns, action::UseNamespace,
                 action::DeleteNamespace, action::SetNamespaceDns, action::RevertNamespaceDns,
                 action::AddBridge, action::RemoveBridge, action::AddVxlan, action::RemoveVxlan,
                 action::AddForwarding, action::RemoveForwarding, action::RunHook>;

// Whether the kernel undoes it when the interface goes.
bool IsBoundToInterface(const Action& action);

// Whether it is applied inside the interface's own network namespace, if it has one.
bool IsInsideNamespace(const Action& action);

// The commands that a person would type for it, one a line; comments for what has none.
// `network_namespace`: the interface's, or empty.
std::string CommandsOf(const Action& action, std::string_view interface,
                       std::string_view network_namespace = {});
// For error messages: "add the route 10.0.0.0/8".
std::string Describe(const Action& action);

// An action that undoes something as one line of JSON, and back. nullopt: not what ToJson writes.
std::string ToJson(const Action& action);
std::optional<Action> UndoFromJson(std::string_view text);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_ACTION_H_
