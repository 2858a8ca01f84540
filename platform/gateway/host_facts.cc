#include "platform/gateway/host_facts.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <utility>

#include "platform/gateway/program.h"
#include "platform/gateway/route_netlink.h"

namespace ringwire::platform {
namespace {

constexpr char kInterfaceOrder[] = "/etc/resolvconf/interface-order";
constexpr char kResolvedFolder[] = "/run/systemd/resolve";

bool Exists(const char* path) { return ::access(path, F_OK) == 0; }

// As wg-quick: the first family of interfaces in Debian's order.
std::string ResolvconfPrefix() {
  std::ifstream file(kInterfaceOrder);
  for (std::string line; std::getline(file, line);) {
    const size_t star = line.find('*');
    const bool simple =
        line.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") ==
        star;
    if (star != std::string::npos && star > 0 && simple && star + 1 == line.size()) {
      return line.substr(0, star) + ".";
    }
  }
  return {};
}

}  // namespace

std::optional<std::string> ReadSysctl(const std::string& path) {
  std::ifstream file("/proc/sys/" + path);
  if (!file) return std::nullopt;
  std::string value((std::istreambuf_iterator<char>(file)), {});
  while (value.ends_with('\n')) value.pop_back();
  return value;
}

absl::StatusOr<HostFacts> ReadHostFacts(const ConfigFile& config) {
  HostFacts facts;
  facts.has_ipv6 = Exists("/proc/sys/net/ipv6");
  if (IsFullTunnel(config)) {
    absl::StatusOr<RouteNetlink> netlink = RouteNetlink::Open();
    if (!netlink.ok()) return netlink.status();
    absl::StatusOr<std::vector<uint32_t>> tables = netlink->TablesInUse();
    if (!tables.ok()) return tables.status();
    absl::StatusOr<std::vector<uint32_t>> priorities = netlink->RulePriorities();
    if (!priorities.ok()) return priorities.status();
    facts.tables_in_use = *std::move(tables);
    facts.rule_priorities = *std::move(priorities);
  }
  for (const std::string& path : SysctlsOf(config)) {
    std::optional<std::string> value = ReadSysctl(path);
    if (value.has_value()) facts.sysctls[path] = *std::move(value);
  }
  if (Exists(kResolvedFolder) && FindProgram("resolvectl").has_value()) {
    facts.dns_program = DnsProgram::kResolvectl;
  } else if (FindProgram("resolvconf").has_value()) {
    facts.dns_program = DnsProgram::kResolvconf;
    facts.resolvconf_prefix = ResolvconfPrefix();
  }
  return facts;
}

}  // namespace ringwire::platform
