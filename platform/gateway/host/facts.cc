#include "platform/gateway/host/facts.h"

#include <unistd.h>

#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/base/resolv_conf.h"
#include "platform/gateway/firewall/nft_command.h"
#include "platform/gateway/host/namespace_dns_file.h"
#include "platform/gateway/host/network_facts.h"
#include "platform/netlink/named_namespace.h"
#include "platform/process/program.h"

namespace ringwire::platform {
namespace {

constexpr char kInterfaceOrder[] = "/etc/resolvconf/interface-order";
constexpr char kResolvedFolder[] = "/run/systemd/resolve";

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

absl::Status ReadFactsInside(std::string_view interface, const ConfigFile& config,
                             HostFacts* facts) {
  const absl::Status status = ReadNetworkFacts(interface, config, facts);
  if (!status.ok()) return status;
  ASSIGN_OR_RETURN(std::vector<WayOut> ways, ReadWaysOut(interface));
  facts->ways_out = std::move(ways);
  return absl::OkStatus();
}

// The facts of the interface's namespace. If it does not exist yet, a new one shows its values.
absl::Status ReadFactsOfNetwork(std::string_view interface, const ConfigFile& config,
                                HostFacts* facts) {
  const std::string& name = config.gateway.network_namespace;
  if (name.empty()) return ReadNetworkFacts(interface, config, facts);
  absl::StatusOr<NamedNamespace> network = NamedNamespace::Open(name);
  if (network.ok() && network->IsOwn()) {
    return absl::InvalidArgumentError(fmt::format(
        "Namespace = {0}: ringwire runs in the network namespace {0} itself, where the tunnel "
        "would "
        "take its own datagrams (leave Namespace out, or start ringwire outside of {0})",
        name));
  }
  facts->namespace_exists = network.ok();
  facts->namespace_is_ours = network.ok() && NamedNamespace::IsMadeHere(name);
  facts->namespace_dns = ReadNamespaceDnsFacts(NamespaceDnsPaths(name), interface);
  if (absl::IsNotFound(network.status())) network = NamedNamespace::MakeNameless();
  absl::Status read;
  absl::Status status = network.status();
  if (status.ok()) {
    status = network->Visit([&] { read = ReadFactsInside(interface, config, facts); });
  }
  // A user who may not enter one may still ask for a plan; our own namespace is similar.
  if (absl::IsPermissionDenied(status)) return ReadNetworkFacts(interface, config, facts);
  status.Update(read);
  return status;
}

// Without their zones. If systemd-resolved is the only one, those that it asks.
std::vector<IpAddress> NameServersOfHost() {
  std::vector<std::string> servers = NameServersIn(kResolvConf);
  if (IsResolvedStub(servers)) servers = NameServersIn(kBehindResolved);
  std::vector<IpAddress> addresses;
  for (const std::string& server : servers) {
    const std::optional<IpAddress> address = IpAddress::Parse(server.substr(0, server.find('%')));
    if (address.has_value()) addresses.push_back(*address);
  }
  return addresses;
}

}  // namespace

absl::StatusOr<HostFacts> ReadHostFacts(std::string_view interface, const ConfigFile& config) {
  HostFacts facts;
  RETURN_IF_ERROR(ReadFactsOfNetwork(interface, config, &facts));
  facts.has_nft = HasNft();
  facts.name_servers = NameServersOfHost();
  if (::access(kResolvedFolder, F_OK) == 0 && FindProgram("resolvectl").has_value()) {
    facts.dns_program = DnsProgram::kResolvectl;
  } else if (FindProgram("resolvconf").has_value()) {
    facts.dns_program = DnsProgram::kResolvconf;
    facts.resolvconf_prefix = ResolvconfPrefix();
  }
  return facts;
}

}  // namespace ringwire::platform
