#include "platform/gateway/host/network_facts.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/base/unique_fd.h"
#include "platform/gateway/host/journal.h"
#include "platform/gateway/host/sysctl_holders.h"
#include "platform/gateway/plan/plan_forward.h"
#include "platform/netlink/bridge_netlink.h"
#include "platform/netlink/route_netlink.h"

namespace ringwire::platform {
namespace {

// A `*` stands for all existing entries. A list that is cut short would look like a host without
// IPv6, or leave a setting as it was.
absl::StatusOr<std::vector<std::string>> Expand(const std::string& path) {
  std::vector<std::string> paths;
  const size_t star = path.find('*');
  if (star == std::string::npos) {
    paths.push_back(path);
    return paths;
  }
  const std::string folder = path.substr(0, star);
  const std::unique_ptr<DIR, int (*)(DIR*)> names(::opendir(("/proc/sys/" + folder).c_str()),
                                                  &::closedir);
  if (names == nullptr && errno == ENOENT) return paths;
  if (names == nullptr) return absl::ErrnoToStatus(errno, "cannot list /proc/sys/" + folder);
  while (true) {
    errno = 0;
    const dirent* const entry = ::readdir(names.get());
    if (entry == nullptr && errno != 0) {
      return absl::ErrnoToStatus(errno, "cannot list /proc/sys/" + folder);
    }
    if (entry == nullptr) return paths;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..")
      paths.push_back(fmt::format("{}{}{}", folder, name, path.substr(star + 1)));
  }
}

absl::Status ReadSysctls(const ConfigFile& config, HostFacts* facts) {
  const auto before = SysctlHolders::Before(kStateFolder);
  if (!before.ok()) return before.status();
  std::set<std::string> held_paths;
  for (const std::string& wanted : SysctlsOf(config)) {
    ASSIGN_OR_RETURN(const std::vector<std::string> paths, Expand(wanted));
    for (const std::string& path : paths) {
      const auto held = before->find(path);
      ASSIGN_OR_RETURN(std::optional<std::string> now, FindSysctl(path));
      if (!now.has_value()) continue;
      if (held != before->end()) {
        held_paths.insert(path);
        now = held->second;
      }
      facts->sysctls[path] = *std::move(now);
    }
  }
  RevertFollowers(held_paths, &facts->sysctls);
  return absl::OkStatus();
}

// IPv6 on a single interface counts: traffic would leave through that interface.
absl::StatusOr<bool> HasIpv6() {
  ASSIGN_OR_RETURN(const std::vector<std::string> paths, Expand("net/ipv6/conf/*/disable_ipv6"));
  for (const std::string& path : paths) {
    if (path.ends_with("/all/disable_ipv6") || path.ends_with("/lo/disable_ipv6")) continue;
    ASSIGN_OR_RETURN(const std::optional<std::string> value, FindSysctl(path));
    if (value == "0") return true;
  }
  return false;
}

absl::StatusOr<std::vector<std::string>> InterfaceNames() {
  std::vector<std::string> names;
  struct if_nameindex* const all = ::if_nameindex();
  if (all == nullptr) return absl::ErrnoToStatus(errno, "cannot list the interfaces");
  for (const struct if_nameindex* one = all; one != nullptr && one->if_index != 0; ++one) {
    names.emplace_back(one->if_name);
  }
  ::if_freenameindex(all);
  return names;
}

// Nothing if this network namespace belongs to another user namespace than ours.
std::optional<uint32_t> SocketUid() {
  const UniqueFd network(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  const UniqueFd owner(network.valid() ? ::ioctl(network.get(), NS_GET_USERNS) : -1);
  struct stat of_network{};
  struct stat own{};
  if (!owner.valid() || ::fstat(owner.get(), &of_network) != 0 ||
      ::stat("/proc/self/ns/user", &own) != 0 || of_network.st_ino != own.st_ino) {
    return std::nullopt;
  }
  return ::geteuid();
}

absl::Status ReadKillSwitchFacts(RouteNetlink* netlink, HostFacts* facts) {
  ASSIGN_OR_RETURN(InnerLinks inner, netlink->ReadInnerLinks());
  facts->inner_links = std::move(inner);
  facts->socket_uid = SocketUid();
  return absl::OkStatus();
}

absl::Status ReadPolicy(const std::string& interface, const ConfigFile& config, HostFacts* facts) {
  ASSIGN_OR_RETURN(RouteNetlink netlink, RouteNetlink::Open());
  ASSIGN_OR_RETURN(std::vector<uint32_t> tables, netlink.TablesInUse());
  ASSIGN_OR_RETURN(RouteNetlink::RuleNumbers rules, netlink.Rules());
  ASSIGN_OR_RETURN(const std::vector<HostRoute> routes,
                   netlink.LocalRoutes(::if_nametoindex(interface.c_str())));
  facts->tables_in_use = std::move(tables);
  for (const std::vector<uint32_t>& numbers : {rules.tables, rules.marks}) {
    facts->tables_in_use.insert(facts->tables_in_use.end(), numbers.begin(), numbers.end());
  }
  facts->rule_priorities = std::move(rules.priorities);
  facts->local_rules = std::move(rules.local);
  facts->local_networks = LocalNetworksOf(routes);
  ASSIGN_OR_RETURN(Uplinks uplinks, netlink.DefaultRoutes(::if_nametoindex(interface.c_str())));
  facts->uplinks = std::move(uplinks);
  if (config.gateway.kill_switch.on) return ReadKillSwitchFacts(&netlink, facts);
  return absl::OkStatus();
}

absl::Status ReadBridge(const std::string& name, HostFacts* facts) {
  ASSIGN_OR_RETURN(BridgeNetlink netlink, BridgeNetlink::Open());
  ASSIGN_OR_RETURN(const std::optional<BridgeState> found, netlink.FindBridge(name));
  facts->bridge = {};
  if (found.has_value()) facts->bridge = {true, found->is_bridge, found->is_ours};
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadNetworkFacts(std::string_view interface, const ConfigFile& config,
                              HostFacts* facts) {
  ASSIGN_OR_RETURN(facts->has_ipv6, HasIpv6());
  if (NeedsPolicyFacts(config)) {
    RETURN_IF_ERROR(ReadPolicy(std::string(interface), config, facts));
  }
  if (!config.gateway.bridge.empty()) {
    RETURN_IF_ERROR(ReadBridge(config.gateway.bridge, facts));
  }
  if (!config.gateway.masquerade.empty()) {
    ASSIGN_OR_RETURN(facts->interfaces, InterfaceNames());
  }
  return ReadSysctls(config, facts);
}

absl::StatusOr<std::vector<WayOut>> ReadWaysOut(std::string_view interface) {
  ASSIGN_OR_RETURN(RouteNetlink netlink, RouteNetlink::Open());
  const auto routes = netlink.WorldRoutes();
  if (!routes.ok()) return routes.status();
  std::vector<WayOut> ways;
  for (const RouteNetlink::TableRoute& one : *routes) {
    std::array<char, IF_NAMESIZE> buffer{};
    if (one.link != 0) ::if_indextoname(one.link, buffer.data());
    const std::string name = buffer.data();
    // An interface with a journal belongs to a ringwire.
    const bool ours =
        name == interface ||
        (!name.empty() && ::access(Journal::PathOf(kStateFolder, name).c_str(), F_OK) == 0);
    if (!ours && name != "lo") ways.push_back({one.route.prefix, name, one.table});
  }
  return ways;
}

}  // namespace ringwire::platform
