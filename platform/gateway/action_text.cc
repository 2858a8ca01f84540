#include <iterator>

#include "core/control/gateway_config.h"
#include "fmt/format.h"
#include "platform/gateway/action.h"

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

std::string RuleWords(const Rule& rule) {
  std::string text = fmt::format("priority {}", rule.priority);
  const auto out = std::back_inserter(text);
  if (rule.unless_mark.has_value()) fmt::format_to(out, " not fwmark {:#x}", *rule.unless_mark);
  fmt::format_to(out, " table {}",
                 rule.table == kMainTable ? "main" : fmt::format("{}", rule.table));
  if (rule.suppress_prefix_length.has_value()) {
    fmt::format_to(out, " suppress_prefixlength {}", *rule.suppress_prefix_length);
  }
  return text;
}

std::string RuleCommand(std::string_view verb, const Rule& rule) {
  return fmt::format("ip {} rule {} {}", FamilyFlag(rule.family), verb, RuleWords(rule));
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string SetDnsCommand(const SetDns& dns) {
  if (dns.program == DnsProgram::kResolvectl) {
    std::string domains = Joined(dns.search);
    if (!domains.empty()) domains.push_back(' ');
    return fmt::format("resolvectl dns {} {}\nresolvectl domain {} {}'~.'", dns.record,
                       Joined(dns.servers), dns.record, domains);
  }
  std::string lines;
  for (const std::string& server : dns.servers) lines += " 'nameserver " + server + "'";
  if (!dns.search.empty()) lines += " 'search " + Joined(dns.search) + "'";
  return fmt::format("printf '%s\\n'{} | resolvconf -a {} -m 0 -x", lines, dns.record);
}

std::string RevertDnsCommand(const RevertDns& dns) {
  if (dns.program == DnsProgram::kResolvectl) return "resolvectl revert " + dns.record;
  return fmt::format("resolvconf -d {} -f", dns.record);
}

}  // namespace

std::string CommandsOf(const Action& action, std::string_view interface) {
  return std::visit(
      Overloaded{
          [&](const CreateInterface&) {
            return fmt::format("# ringwire creates {}, its sockets and its peers here", interface);
          },
          [&](const DeleteInterface&) { return fmt::format("ip link delete {}", interface); },
          [&](const AddAddress& a) {
            return fmt::format("ip address add {} dev {}", a.address.ToString(), interface);
          },
          [&](const RemoveAddress& a) {
            return fmt::format("ip address delete {} dev {}", a.address.ToString(), interface);
          },
          [&](const SetMtu& a) { return fmt::format("ip link set {} mtu {}", interface, a.mtu); },
          [&](const SetLinkUp&) { return fmt::format("ip link set {} up", interface); },
          [&](const AddRoute& a) { return RouteCommand("add", a.route, interface); },
          [&](const RemoveRoute& a) { return RouteCommand("delete", a.route, interface); },
          [](const AddRule& a) { return RuleCommand("add", a.rule); },
          [](const RemoveRule& a) { return RuleCommand("delete", a.rule); },
          [](const SetSysctl& a) { return fmt::format("sysctl -w {}={}", a.path, a.value); },
          [](const ReplaceNftTable& a) { return NftCommands(a.table); },
          [](const DeleteNftTable& a) { return "nft delete table inet " + a.name; },
          [](const SetDns& a) { return SetDnsCommand(a); },
          [](const RevertDns& a) { return RevertDnsCommand(a); },
          [](const RunHook& a) { return a.command; },
      },
      action);
}

std::string Describe(const Action& action) {
  return std::visit(
      Overloaded{
          [](const CreateInterface&) { return std::string("create the interface"); },
          [](const DeleteInterface&) { return std::string("delete the interface"); },
          [](const AddAddress& a) { return "add the address " + a.address.ToString(); },
          [](const RemoveAddress& a) { return "remove the address " + a.address.ToString(); },
          [](const SetMtu& a) { return fmt::format("set the MTU to {}", a.mtu); },
          [](const SetLinkUp&) { return std::string("set the link up"); },
          [](const AddRoute& a) {
            return fmt::format("add the route {} to table {}", a.route.prefix.ToString(),
                               a.route.table);
          },
          [](const RemoveRoute& a) {
            return fmt::format("remove the route {} from table {}", a.route.prefix.ToString(),
                               a.route.table);
          },
          [](const AddRule& a) { return "add the rule " + RuleWords(a.rule); },
          [](const RemoveRule& a) { return "remove the rule " + RuleWords(a.rule); },
          [](const SetSysctl& a) { return fmt::format("set {} to {}", a.path, a.value); },
          [](const ReplaceNftTable& a) { return "load the nft table " + a.table.name; },
          [](const DeleteNftTable& a) { return "remove the nft table " + a.name; },
          [](const SetDns&) { return std::string("set the name servers"); },
          [](const RevertDns&) { return std::string("put the name servers back"); },
          [](const RunHook& a) { return fmt::format("run {} = {}", a.key, a.command); },
      },
      action);
}

bool IsBoundToInterface(const Action& action) {
  return std::visit(
      Overloaded{
          [](const AddAddress&) { return true; },
          [](const RemoveAddress&) { return true; },
          [](const SetMtu&) { return true; },
          [](const SetLinkUp&) { return true; },
          [](const AddRoute& a) { return a.route.type == Route::Type::kInterface; },
          [](const RemoveRoute& a) { return a.route.type == Route::Type::kInterface; },
          [](const auto&) { return false; },
      },
      action);
}

}  // namespace ringwire::platform
