#include <algorithm>
#include <iterator>

#include "core/config/gateway_config.h"
#include "fmt/format.h"
#include "platform/base/shell_text.h"
#include "platform/gateway/plan/action.h"
#include "platform/gateway/plan/dns_calls.h"
#include "platform/gateway/plan/namespace_dns.h"
#include "platform/gateway/plan/sysctl_setting.h"

// Actions for people: as commands, and in error messages.
namespace ringwire::platform {
namespace {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};

std::string_view FamilyFlag(IpFamily family) { return family == IpFamily::kV4 ? "-4" : "-6"; }

std::string RouteCommand(std::string_view verb, const Route& route, std::string_view interface) {
  const bool unreachable = route.type == Route::Type::kUnreachable;
  std::string text = fmt::format("ip {} route {} {}{}", FamilyFlag(route.prefix.address.family),
                                 verb, unreachable ? "unreachable " : "", route.prefix.ToString());
  const auto out = std::back_inserter(text);
  if (!unreachable) fmt::format_to(out, " dev {}", interface);
  if (route.table != kMainTable) fmt::format_to(out, " table {}", route.table);
  if (route.metric != 0) fmt::format_to(out, " metric {}", route.metric);
  return text;
}

std::string RuleCommand(std::string_view verb, const Rule& rule) {
  return fmt::format("ip {} rule {} {}", FamilyFlag(rule.family), verb, RuleWords(rule));
}

// conntrack takes one port and one address at a time.
std::string ForEachPort(const PortForward& forward, std::string_view address) {
  const bool v6 = forward.target.family == IpFamily::kV6;
  const std::string command =
      fmt::format("conntrack -D{} -p udp {} --orig-port-dst ", v6 ? " -f ipv6" : "", address);
  if (forward.ports.count() == 1) return fmt::format("{}{}", command, forward.ports.first);
  return fmt::format("for port in $(seq {} {}); do {}$port; done", forward.ports.first,
                     forward.ports.last, command);
}

// A shell of their own, which is easy to start elsewhere.
std::string ForgetUnforwardedCommands(const DatagramForwards& ports) {
  std::string text;
  for (const PortForward& forward : ports.forwards) {
    fmt::format_to(
        std::back_inserter(text),
        "{}sh -c 'for to in $(ip {} -o address | sed \"s,.* inet6* \\([^/ ]*\\).*,\\1,\"); "
        "do {}; done'",
        text.empty() ? "" : "\n", FamilyFlag(forward.target.family),
        ForEachPort(forward, "--orig-dst $to"));
  }
  return text;
}

std::string ForgetForwardedCommands(const DatagramForwards& ports) {
  std::string text;
  for (const PortForward& forward : ports.forwards) {
    fmt::format_to(std::back_inserter(text), "{}sh -c '{}'", text.empty() ? "" : "\n",
                   ForEachPort(forward, "--reply-src " + forward.target.ToString()));
  }
  return text;
}

std::string SetNamespaceDnsCommands(const action::SetNamespaceDns& dns) {
  const NamespaceDnsPaths paths(dns.network_namespace);
  std::string text = "mkdir -p " + paths.folder + "\n";
  if (dns.has_file) text += fmt::format("mv {} {}\n", paths.file, paths.put_aside);
  text += "printf '%s\\n'";
  for (std::string_view rest = dns.text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    text += " " + ShellQuoted(line);
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return text + " >" + paths.file;
}

std::string RevertNamespaceDnsCommands(const action::RevertNamespaceDns& dns) {
  const NamespaceDnsPaths paths(dns.network_namespace);
  std::string text = "rm " + paths.file;
  if (dns.had_file) text += fmt::format("\nmv {} {}", paths.put_aside, paths.file);
  if (dns.folders_made > 0) text += "\nrmdir " + paths.folder;
  if (dns.folders_made > 1) text += fmt::format("\nrmdir {}", NamespaceDnsPaths::kParent);
  return text;
}

std::string AddVxlanCommands(const Vxlan& vxlan, std::string_view interface) {
  return fmt::format(
      "ip link add {0} type vxlan id {1} dev {2} local {3} dstport {4}\n"
      "ip link set dev {0} mtu {5} master {6} up",
      vxlan.name, vxlan.id, interface, vxlan.local.ToString(), kVxlanPort, vxlan.mtu, vxlan.bridge);
}

std::string FdbCommand(std::string_view verb, const std::string& vxlan, const IpAddress& to) {
  return fmt::format("bridge fdb {} 00:00:00:00:00:00 dev {} dst {}", verb, vxlan, to.ToString());
}

// What a person types to do it in a network namespace.
std::string InNamespace(std::string_view commands, std::string_view network_namespace) {
  std::string text;
  while (!commands.empty()) {
    std::string_view line = commands.substr(0, commands.find('\n'));
    commands.remove_prefix(std::min(line.size() + 1, commands.size()));
    constexpr std::string_view kIp = "ip ";
    if (line.starts_with(kIp)) {
      line.remove_prefix(kIp.size());
      text += fmt::format("ip -n {} {}", network_namespace, line);
    } else {
      text += fmt::format("ip netns exec {} {}", network_namespace, line);
    }
    if (!commands.empty()) text.push_back('\n');
  }
  return text;
}

std::string PlainCommandsOf(const Action& action, std::string_view interface) {
  return std::visit(
      Overloaded{
          [&](const action::CreateInterface&) {
            return fmt::format("# ringwire creates {}, its sockets and its peers here", interface);
          },
          [&](const action::DeleteInterface&) {
            return fmt::format("ip link delete dev {}", interface);
          },
          [&](const action::AddAddress& a) {
            return fmt::format("ip address add {} dev {}", a.address.ToString(), interface);
          },
          [&](const action::RemoveAddress& a) {
            return fmt::format("ip address delete {} dev {}", a.address.ToString(), interface);
          },
          [&](const action::SetMtu& a) {
            return fmt::format("ip link set dev {} mtu {}", interface, a.mtu);
          },
          [&](const action::SetLinkUp&) { return fmt::format("ip link set dev {} up", interface); },
          [&](const action::AddRoute& a) { return RouteCommand("add", a.route, interface); },
          [&](const action::RemoveRoute& a) { return RouteCommand("delete", a.route, interface); },
          [](const action::AddRule& a) { return RuleCommand("add", a.rule); },
          [](const action::RemoveRule& a) { return RuleCommand("delete", a.rule); },
          [](const action::SetSysctl& a) { return SysctlCommand(a); },
          [](const action::ReplaceNftTable& a) { return ReplaceCommands(a.table); },
          [](const action::DeleteNftTable& a) { return DeleteCommands(a.name, a.family); },
          [](const action::ForgetUnforwarded& a) { return ForgetUnforwardedCommands(a.ports); },
          [](const action::ForgetForwarded& a) { return ForgetForwardedCommands(a.ports); },
          [](const action::SetDns& a) { return ShellCommands(CallsOf(a)); },
          [](const action::RevertDns& a) { return ShellCommands(CallsOf(a)); },
          [](const action::UseNamespace& a) {
            if (!a.create) return fmt::format("# the network namespace {} is there", a.name);
            return fmt::format("ip netns add {}\nip -n {} link set lo up", a.name, a.name);
          },
          [](const action::DeleteNamespace& a) { return "ip netns delete " + a.name; },
          [](const action::SetNamespaceDns& a) { return SetNamespaceDnsCommands(a); },
          [](const action::RevertNamespaceDns& a) { return RevertNamespaceDnsCommands(a); },
          [](const action::AddBridge& a) {
            return fmt::format("ip link add {0} type bridge\nip link set dev {0} up", a.name);
          },
          [](const action::RemoveBridge& a) { return "ip link delete dev " + a.name; },
          [&](const action::AddVxlan& a) { return AddVxlanCommands(a.vxlan, interface); },
          [](const action::RemoveVxlan& a) { return "ip link delete dev " + a.name; },
          [](const action::AddForwarding& a) { return FdbCommand("append", a.vxlan, a.to); },
          [](const action::RemoveForwarding& a) { return FdbCommand("delete", a.vxlan, a.to); },
          [](const action::RunHook& a) { return a.command; },
      },
      action);
}

}  // namespace

std::string CommandsOf(const Action& action, std::string_view interface,
                       std::string_view network_namespace) {
  if (network_namespace.empty()) return PlainCommandsOf(action, interface);
  if (std::holds_alternative<action::CreateInterface>(action)) {
    return fmt::format(
        "# ringwire creates {} in the network namespace {}, its sockets and its peers here",
        interface, network_namespace);
  }
  const std::string commands = PlainCommandsOf(action, interface);
  // The interface itself is another process', but a person removes it like the rest.
  const bool inside =
      IsInsideNamespace(action) || std::holds_alternative<action::DeleteInterface>(action);
  return inside ? InNamespace(commands, network_namespace) : commands;
}

bool IsInsideNamespace(const Action& action) {
  return std::visit(Overloaded{
                        [](const action::CreateInterface&) { return false; },
                        [](const action::DeleteInterface&) { return false; },
                        [](const action::SetDns&) { return false; },
                        [](const action::RevertDns&) { return false; },
                        [](const action::UseNamespace&) { return false; },
                        [](const action::DeleteNamespace&) { return false; },
                        [](const action::SetNamespaceDns&) { return false; },
                        [](const action::RevertNamespaceDns&) { return false; },
                        [](const action::RunHook&) { return false; },
                        [](const auto&) { return true; },
                    },
                    action);
}

std::string Describe(const Action& action) {
  return std::visit(
      Overloaded{
          [](const action::CreateInterface&) { return std::string("create the interface"); },
          [](const action::DeleteInterface&) { return std::string("delete the interface"); },
          [](const action::AddAddress& a) { return "add the address " + a.address.ToString(); },
          [](const action::RemoveAddress& a) {
            return "remove the address " + a.address.ToString();
          },
          [](const action::SetMtu& a) { return fmt::format("set the MTU to {}", a.mtu); },
          [](const action::SetLinkUp&) { return std::string("set the link up"); },
          [](const action::AddRoute& a) { return DescribeAdd(a.route); },
          [](const action::RemoveRoute& a) { return DescribeRemove(a.route); },
          [](const action::AddRule& a) { return DescribeAdd(a.rule); },
          [](const action::RemoveRule& a) { return DescribeRemove(a.rule); },
          [](const action::SetSysctl& a) { return fmt::format("set {} to {}", a.path, a.value); },
          [](const action::ReplaceNftTable& a) { return "load the nft table " + a.table.name; },
          [](const action::DeleteNftTable& a) { return "remove the nft table " + a.name; },
          [](const action::ForgetUnforwarded&) {
            return std::string("forget datagrams to ports that are forwarded now");
          },
          [](const action::ForgetForwarded&) {
            return std::string("forget datagrams to ports that are forwarded no longer");
          },
          [](const action::SetDns&) { return std::string("set the name servers"); },
          [](const action::RevertDns&) { return std::string("put the name servers back"); },
          [](const action::UseNamespace& a) { return "enter the network namespace " + a.name; },
          [](const action::DeleteNamespace& a) { return "remove the network namespace " + a.name; },
          [](const action::SetNamespaceDns& a) {
            return "write " + NamespaceDnsPaths(a.network_namespace).file;
          },
          [](const action::RevertNamespaceDns& a) {
            return "put back " + NamespaceDnsPaths(a.network_namespace).file;
          },
          [](const action::AddBridge& a) { return "add the bridge " + a.name; },
          [](const action::RemoveBridge& a) { return "remove the bridge " + a.name; },
          [](const action::AddVxlan& a) { return "add the VXLAN device " + a.vxlan.name; },
          [](const action::RemoveVxlan& a) { return "remove the VXLAN device " + a.name; },
          [](const action::AddForwarding& a) { return "forward frames to " + a.to.ToString(); },
          [](const action::RemoveForwarding& a) {
            return "stop forwarding frames to " + a.to.ToString();
          },
          [](const action::RunHook& a) { return fmt::format("run {} = {}", a.key, a.command); },
      },
      action);
}

bool IsBoundToInterface(const Action& action) {
  return std::visit(
      Overloaded{
          [](const action::AddAddress&) { return true; },
          [](const action::RemoveAddress&) { return true; },
          [](const action::SetMtu&) { return true; },
          [](const action::SetLinkUp&) { return true; },
          [](const action::AddRoute& a) { return a.route.type == Route::Type::kInterface; },
          [](const action::RemoveRoute& a) { return a.route.type == Route::Type::kInterface; },
          [](const action::AddVxlan&) { return true; },
          [](const action::RemoveVxlan&) { return true; },
          [](const action::AddForwarding&) { return true; },
          [](const action::RemoveForwarding&) { return true; },
          [](const auto&) { return false; },
      },
      action);
}

}  // namespace ringwire::platform
