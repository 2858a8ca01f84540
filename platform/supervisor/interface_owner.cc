#include "platform/supervisor/interface_owner.h"

#include "fmt/format.h"
#include "platform/base/paths.h"
#include "platform/control/sockets/unix_listener.h"
#include "platform/netlink/named_namespace.h"
#include "platform/netlink/netlink.h"

namespace ringwire::platform {
namespace {

struct Found {
  uint32_t index = 0;  // 0: there is none
  std::string kind;
};

Found FindHere(const std::string& interface) {
  absl::StatusOr<Netlink> netlink = Netlink::Open();
  if (!netlink.ok()) return {};
  const uint32_t index = netlink->IndexOf(interface);
  if (index == 0) return {};
  const absl::StatusOr<LinkState> state = netlink->Query(index);
  return {index, state.ok() ? state->kind : ""};
}

// What cannot be looked at is left to the step that makes the interface.
Found Find(const std::string& interface, const std::string& network_namespace) {
  if (network_namespace.empty()) return FindHere(interface);
  const absl::StatusOr<NamedNamespace> network = NamedNamespace::Open(network_namespace);
  if (!network.ok()) return {};
  Found found;
  const absl::Status visited = network->Visit([&] { found = FindHere(interface); });
  return visited.ok() ? found : Found{};
}

// Names the WireGuard of another program, and what ends it; empty: the link is none. `in` goes
// before a command that has to run where the interface is.
std::string WireGuardOf(const std::string& interface, const std::string& kind,
                        const std::string& in) {
  const std::string socket = fmt::format("{}/{}", kUapiDirectory, SocketFileName(interface));
  const bool is_program = kind == "tun" && absl::IsAlreadyExists(CheckNotServed(socket));
  if (kind != "wireguard" && !is_program) return {};
  return fmt::format(
      "{0}, which is left alone (`{1}wg-quick down {2}` ends what wg-quick has started, `{1}ip "
      "link delete {2}` anything else)",
      is_program ? "the WireGuard program that serves " + socket : "WireGuard of the kernel", in,
      interface);
}

// Who has it, and what ends that.
std::string OwnerOf(const std::string& interface, const std::string& kind, const std::string& in) {
  std::string wireguard = WireGuardOf(interface, kind, in);
  if (!wireguard.empty()) return wireguard;
  return fmt::format("{}, which is left alone (`{}ip link delete {}` removes it)",
                     kind.empty() ? "a link" : "a link of type " + kind, in, interface);
}

}  // namespace

std::string ForeignOwnerOf(const std::string& interface) {
  return WireGuardOf(interface, FindHere(interface).kind, "");
}

absl::Status CheckNoInterface(const std::string& interface, const std::string& network_namespace,
                              const Journal& journal) {
  const Found found = Find(interface, network_namespace);
  // An older version's journal does not tell in which network it was written.
  const bool is_same_network =
      (journal.network() == 0 || journal.network() == CurrentNetworkId()) &&
      network_namespace == journal.network_namespace();
  const bool is_predecessors = is_same_network && found.index == journal.interface_index();
  if (found.index == 0 || is_predecessors) return absl::OkStatus();
  const std::string in =
      network_namespace.empty() ? "" : fmt::format("ip netns exec {} ", network_namespace);
  return absl::AlreadyExistsError(
      fmt::format("start {}: the name is taken by {}; another name of the configuration avoids it",
                  interface, OwnerOf(interface, found.kind, in)));
}

}  // namespace ringwire::platform
