#include "platform/supervisor/predecessor_cleanup.h"

#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/base/message_of.h"
#include "platform/base/paths.h"
#include "platform/control/sockets/admin_server.h"
#include "platform/control/sockets/unix_listener.h"
#include "platform/gateway/firewall/nft_command.h"
#include "platform/gateway/firewall/nft_table.h"
#include "platform/gateway/host/apply.h"
#include "platform/gateway/plan/packet_marks.h"
#include "platform/netlink/named_namespace.h"
#include "platform/netlink/route_netlink.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

void Pause() {
  const timespec pause{0, 10'000'000};
  ::nanosleep(&pause, nullptr);
}

// OK as well: there is none, or a process serves it.
absl::Status RemoveDeadSocket(const std::string& path) {
  constexpr int kTries = 10;
  absl::Status status = CheckNotServed(path);
  // The machine is short of something for a moment.
  for (int i = 1; i < kTries && absl::IsResourceExhausted(status); ++i) {
    Pause();
    status = CheckNotServed(path);
  }
  if (absl::IsAlreadyExists(status)) return absl::OkStatus();
  if (status.ok() && ::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return absl::ErrnoToStatus(errno, "the file stays");
  }
  return status;
}

absl::Status StillThere(const std::string& interface) {
  return absl::DeadlineExceededError(
      fmt::format("wait for the end of {}: it is still there (`ip link delete {}` removes it)",
                  interface, interface));
}

// The blocks cannot be moved to another network namespace, and only `down` lifts them.
absl::Status CheckNotMoved(const Journal& journal, const std::string& network_namespace,
                           const std::string& interface) {
  const std::string& before = journal.network_namespace();
  if (before == network_namespace) return absl::OkStatus();
  const bool blocks = std::ranges::any_of(journal.entries(), [](const Journal::Entry& entry) {
    return entry.stays_after_crash && !std::holds_alternative<action::DeleteNamespace>(entry.undo);
  });
  if (!blocks) return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format(
      "cannot start {}: a killed instance still blocks traffic in {}, and Namespace has changed "
      "since; run `ringwire down {}` first",
      interface, before.empty() ? "this network namespace" : "the network namespace " + before,
      interface));
}

}  // namespace

absl::Status CheckNetworkOf(const Journal& journal, const std::string& interface) {
  const uint64_t network = journal.network();
  if (journal.entries().empty() || network == 0 || network == CurrentNetworkId()) {
    return absl::OkStatus();
  }
  const std::string tried = fmt::format("undo what is left of {}", interface);
  const std::string way = NamedNamespace::WayInto(network);
  if (!way.empty()) {
    return absl::FailedPreconditionError(
        fmt::format("{}: it was up in another network namespace (`{} ringwire down {}` undoes it)",
                    tried, way, interface));
  }
  return absl::NotFoundError(fmt::format(
      "{}: it was up in a network namespace that is not in sight from here (number {}; if that is "
      "gone for good, delete {})",
      tried, network, Journal::PathOf(kStatusDirectory, interface)));
}

absl::Status EnterNamespaceOf(const Journal& journal, ActionExecutor* host) {
  const std::string& name = journal.network_namespace();
  if (name.empty()) return absl::OkStatus();
  absl::StatusOr<NamedNamespace> found = NamedNamespace::Open(name);
  if (found.ok() && found->id() == journal.network_namespace_id()) {
    return host->Enter(name, *std::move(found));
  }
  // Nobody finds the way into one whose name is gone or another's.
  if (absl::IsPermissionDenied(found.status())) return found.status();
  host->set_namespace_gone();
  return absl::OkStatus();
}

uint32_t LiveIndex(const Journal& journal, ActionExecutor* host) {
  const uint32_t index = host->FindInterface();
  return index == journal.interface_index() ? index : 0;
}

absl::Status UndoPredecessor(const std::string& interface, const std::string& network_namespace,
                             ActionExecutor* host, Journal* journal) {
  if (journal->entries().empty()) return absl::OkStatus();
  absl::Status status = CheckNetworkOf(*journal, interface);
  if (absl::IsFailedPrecondition(status)) return status;
  // A service that restarts in a new network namespace, as a container does, must not need somebody
  // who deletes a file.
  const bool lost = absl::IsNotFound(status);
  if (lost) {
    spdlog::warn("{}: what a predecessor has changed in another network namespace is forgotten",
                 interface);
    host->set_namespace_gone();
  } else {
    spdlog::info("{}: what a predecessor has left behind is undone", interface);
    status = EnterNamespaceOf(*journal, host);
  }
  if (!lost && !status.ok()) {
    spdlog::warn("{}: {}", interface, MessageOf(status));
    return absl::OkStatus();
  }
  if (!host->namespace_gone()) {
    status = CheckNotMoved(*journal, network_namespace, interface);
    if (!status.ok()) return status;
  }
  host->set_interface_index(LiveIndex(*journal, host));
  // The blocks are part of the new plan, or end with it; but not if the tunnel has moved elsewhere.
  const bool moved = lost || journal->network_namespace() != network_namespace;
  status = Undo(host, journal,
                [moved](const Journal::Entry& entry) { return moved || !entry.stays_after_crash; });
  if (moved) {
    status.Update(host->Leave());
    status.Update(journal->RecordNamespace({}, 0));
  }
  if (!status.ok()) spdlog::warn("{}: {}", interface, MessageOf(status));
  return absl::OkStatus();
}

void RemoveSockets(const std::string& interface) {
  for (const std::string& path :
       {fmt::format("{}/{}", kUapiDirectory, SocketFileName(interface)),
        fmt::format("{}/{}", kStatusDirectory, SocketFileName(interface)),
        fmt::format("{}/{}", kStatusDirectory, AdminSocketFileName(interface))}) {
    const absl::Status status = RemoveDeadSocket(path);
    if (!status.ok()) {
      spdlog::warn("cannot remove {}: {}; remove it by hand, or start {} again, which replaces it",
                   path, MessageOf(status), interface);
    }
  }
}

absl::Status WaitUntilGone(const std::string& interface, ActionExecutor* host) {
  const Instant deadline = BootNow() + kRelayPatience;
  while (host->HasInterface()) {
    if (BootNow() >= deadline) return StillThere(interface);
    Pause();
  }
  return absl::OkStatus();
}

absl::Status UndoLeftovers(const std::string& interface) {
  if (::access(Journal::PathOf(kStatusDirectory, interface).c_str(), F_OK) != 0) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(Journal journal, Journal::Open(kStatusDirectory, interface));
  const bool was_unwritable = !journal.is_on_disk();
  if (was_unwritable && journal.entries().empty()) {
    return absl::PermissionDeniedError(
        fmt::format("undo what is left of {}: {} cannot be read (run as root)", interface,
                    Journal::PathOf(kStatusDirectory, interface)));
  }
  absl::StatusOr<Host> host = absl::InternalError("not opened");
  host = Host::Open(interface, {[] { return absl::InternalError("create an interface"); },
                                [&interface, &host] { return WaitUntilGone(interface, &*host); }});
  if (!host.ok()) return host.status();
  absl::Status status = CheckNetworkOf(journal, interface);
  if (status.ok()) status = EnterNamespaceOf(journal, &*host);
  if (!status.ok()) return status;
  host->set_interface_index(LiveIndex(journal, &*host));
  status = Undo(&*host, &journal, [](const Journal::Entry&) { return true; });
  RemoveSockets(interface);  // as when the relay was killed as well
  if (journal.entries().empty()) ::unlink(KnownNamesPath(interface).c_str());
  journal.RemoveIfEmpty();
  if (status.ok() && was_unwritable) {
    return absl::FailedPreconditionError(fmt::format(
        "remove {}: it is read-only (all that it lists is undone; the next down or up of {} would "
        "undo it again)",
        Journal::PathOf(kStatusDirectory, interface), interface));
  }
  return status;
}

std::vector<std::string> TracesOf(const std::string& interface) {
  std::vector<std::string> commands;
  if (::if_nametoindex(interface.c_str()) != 0) commands.push_back("ip link delete " + interface);
  const std::string table = NftTableName(interface);
  for (const NftFamily family : {NftFamily::kInet, NftFamily::kBridge}) {
    if (!RunNft(ListJson(table, family), "list a table").ok()) continue;
    commands.push_back(DeleteExistingCommand(table, family));
  }
  absl::StatusOr<RouteNetlink> netlink = RouteNetlink::Open();
  if (!netlink.ok()) return commands;
  const absl::StatusOr<std::vector<RouteNetlink::Table>> tables = netlink->RefusingTables();
  if (!tables.ok()) return commands;
  const std::vector<Reservation> others =
      Journal::ReservationsOfOthers(kStatusDirectory, interface, CurrentNetworkId());
  for (const RouteNetlink::Table& one : *tables) {
    const auto has_it = [&one](const Reservation& other) {
      return other.mark == one.number || TableOfMark(other.mark) == one.number;
    };
    if (std::ranges::any_of(others, has_it)) continue;
    for (const char* const object : {"rule", "route"}) {
      commands.push_back(fmt::format("ip {} {} flush table {}",
                                     one.family == IpFamily::kV4 ? "-4" : "-6", object,
                                     one.number));
    }
  }
  return commands;
}

}  // namespace ringwire::platform
