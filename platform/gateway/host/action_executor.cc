#include "platform/gateway/host/action_executor.h"

#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/base/message_of.h"
#include "platform/base/unique_fd.h"
#include "platform/gateway/firewall/nft_command.h"
#include "platform/gateway/firewall/nft_table_check.h"
#include "platform/gateway/firewall/other_router.h"
#include "platform/gateway/host/namespace_dns_file.h"
#include "platform/gateway/host/sysctl_holders.h"
#include "platform/gateway/plan/dns_calls.h"
#include "platform/gateway/plan/plan_forward.h"
#include "platform/gateway/plan/sysctl_setting.h"
#include "platform/netlink/silent_link.h"
#include "platform/process/program.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

absl::StatusOr<bool> Changed(const absl::Status& status) {
  if (!status.ok()) return status;
  return true;
}

// resolvectl waits 25 s for a service that does not answer.
constexpr absl::Duration kCallTimeMax = absl::Minutes(2);

absl::Status RunCall(const ProgramCall& call, const std::string& tried) {
  const std::optional<std::string> path = FindProgram(call.program);
  if (!path.has_value()) {
    return absl::NotFoundError(fmt::format("{}: {} is not there any more", tried, call.program));
  }
  std::vector<std::string> arguments = {*path};
  arguments.insert(arguments.end(), call.arguments.begin(), call.arguments.end());
  const std::string input = InputOf(call);
  const absl::Status status = RunProgram(arguments, {.input = input, .time_max = kCallTimeMax});
  if (status.ok()) return status;
  return absl::AbortedError(fmt::format("{} by {}: {}", tried, call.program, MessageOf(status)));
}

absl::Status RunCalls(const std::vector<ProgramCall>& calls, const std::string& tried) {
  for (const ProgramCall& call : calls) {
    RETURN_IF_ERROR(RunCall(call, tried));
  }
  return absl::OkStatus();
}

// A hook may depend on how wg-quick runs it, in a bash with just these options. Where there is no
// bash, most hooks work with any shell.
std::vector<std::string> ShellFor(const std::string& command) {
  const std::optional<std::string> bash = FindProgram("bash");
  if (!bash.has_value()) return {"/bin/sh", "-e", "-c", command};
  return {*bash, "-e", "-o", "pipefail", "-O", "extglob", "-c", command};
}

}  // namespace

Host::Host(std::string interface, InterfaceOwner owner, std::string state_folder, Netlink netlink,
           RouteNetlink routes)
    : interface_(std::move(interface)),
      state_folder_(std::move(state_folder)),
      owner_(std::move(owner)),
      netlink_(std::move(netlink)),
      routes_(std::move(routes)) {}

absl::StatusOr<Host> Host::Open(std::string interface, InterfaceOwner owner,
                                std::string state_folder) {
  ASSIGN_OR_RETURN(Netlink netlink, Netlink::Open());
  ASSIGN_OR_RETURN(RouteNetlink routes, RouteNetlink::Open());
  return Host(std::move(interface), std::move(owner), std::move(state_folder), std::move(netlink),
              std::move(routes));
}

absl::StatusOr<bool> Host::Apply(const Action& action) {
  const auto act = [this, &action] {
    return std::visit([this](const auto& one) { return Do(one); }, action);
  };
  if (!IsInsideNamespace(action)) return act();
  if (namespace_gone()) return false;
  absl::StatusOr<bool> changed = false;
  RETURN_IF_ERROR(Visit([&changed, &act] { changed = act(); }));
  return changed;
}

absl::Status Host::Visit(absl::FunctionRef<void()> visit) {
  if (namespace_.has_value()) return namespace_->Visit(visit);
  visit();
  return absl::OkStatus();
}

uint32_t Host::FindInterface() { return namespace_gone() ? 0 : netlink_.IndexOf(interface_); }

bool Host::HasInterface() {
  if (interface_index() == 0 || namespace_gone()) return false;
  return !absl::IsNotFound(netlink_.Query(interface_index()).status());
}

absl::StatusOr<std::string> Host::RestoreName() {
  absl::StatusOr<std::string> other = std::string();
  RETURN_IF_ERROR(Visit([this, &other] { other = RestoreNameHere(); }));
  return other;
}

absl::StatusOr<std::string> Host::RestoreNameHere() const {
  ifreq request{};
  if (::if_indextoname(interface_index(), request.ifr_name) == nullptr) return std::string();
  const std::string other = request.ifr_name;
  if (other == interface_) return std::string();
  interface_.copy(request.ifr_newname, sizeof(request.ifr_newname) - 1);
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (::ioctl(socket.get(), SIOCSIFNAME, &request) == 0) return other;
  return absl::ErrnoToStatus(
      errno, fmt::format("rename {} back to {} (`ringwire down {}` and `up` do)", other, interface_,
                         interface_));
}

bool Host::HasWholeTable(const NftTable& table) {
  bool is_whole = false;
  const absl::Status looked = Visit([&] {
    const absl::StatusOr<std::string> listing =
        RunNft(ListJson(table.name, table.family), "list a table");
    is_whole = listing.ok() && IsTableWhole(*listing, table);
  });
  return looked.ok() && is_whole;
}

bool Host::HasSysctl(const std::string& path, const std::string& value) {
  std::optional<std::string> now;
  const absl::Status looked = Visit([&] { now = ReadSysctl(path); });
  return !looked.ok() || !now.has_value() || now == value;
}

absl::Status Host::OpenSockets() {
  ASSIGN_OR_RETURN(Netlink netlink, Netlink::Open());
  ASSIGN_OR_RETURN(RouteNetlink routes, RouteNetlink::Open());
  netlink_ = std::move(netlink);
  routes_ = std::move(routes);
  return absl::OkStatus();
}

absl::Status Host::Enter(const std::string& name, NamedNamespace network_namespace) {
  absl::Status opened;
  absl::Status status = network_namespace.Visit([this, &opened] { opened = OpenSockets(); });
  status.Update(opened);
  if (!status.ok()) return status;
  namespace_name_ = name;
  namespace_.emplace(std::move(network_namespace));
  set_namespace_gone(false);
  return absl::OkStatus();
}

absl::Status Host::Leave() {
  namespace_name_.clear();
  namespace_.reset();
  set_namespace_gone(false);
  return OpenSockets();
}

absl::StatusOr<bool> Host::Do(const action::CreateInterface&) { return Changed(owner_.create()); }
absl::StatusOr<bool> Host::Do(const action::DeleteInterface&) { return Changed(owner_.remove()); }

absl::StatusOr<bool> Host::Do(const action::AddAddress& action) {
  return netlink_.AddAddress(interface_index(), action.address);
}

absl::StatusOr<bool> Host::Do(const action::RemoveAddress& action) {
  return Changed(netlink_.RemoveAddress(interface_index(), action.address));
}

absl::StatusOr<bool> Host::Do(const action::SetMtu& action) {
  const absl::StatusOr<LinkState> before = netlink_.Query(interface_index());
  absl::Status status = netlink_.SetMtu(interface_index(), action.mtu);
  const bool makes_ipv6 =
      before.ok() && before->mtu < kIpv6MtuMin && action.mtu >= kIpv6MtuMin && status.ok();
  if (makes_ipv6) {
    const absl::Status silent = SilenceIpv6Again(&netlink_, interface_index(), interface_);
    if (!silent.ok()) spdlog::warn("{}: {}", interface_, MessageOf(silent));
  }
  return Changed(status);
}

absl::StatusOr<bool> Host::Do(const action::SetLinkUp&) {
  return Changed(netlink_.SetLinkUp(interface_index()));
}

absl::StatusOr<bool> Host::Do(const action::AddRoute& action) {
  return routes_.AddRoute(action.route, interface_index());
}

absl::StatusOr<bool> Host::Do(const action::RemoveRoute& action) {
  return Changed(routes_.RemoveRoute(action.route, interface_index()));
}

absl::StatusOr<bool> Host::Do(const action::AddRule& action) {
  return routes_.AddRule(action.rule);
}

absl::StatusOr<bool> Host::Do(const action::RemoveRule& action) {
  return Changed(routes_.RemoveRule(action.rule));
}

absl::StatusOr<bool> Host::Do(const action::SetSysctl& action) {
  SysctlHolders sysctls(state_folder_, interface_);
  if (!action.only_if.has_value()) return sysctls.Hold(action.path, action.value);
  const bool ends_forwarding = IsForwardSwitch(action.path) && action.value == "0";
  const std::string router = ends_forwarding ? FindOtherRouter() : std::string();
  if (!router.empty() && ReadSysctl(action.path) == action.only_if) {
    spdlog::warn("{}: {} stays {}, because {} may need it (`sysctl -w {}={}` ends forwarding)",
                 interface_, SysctlDotted(action.path), *action.only_if, router,
                 SysctlDotted(action.path), action.value);
    return Changed(sysctls.Release(action.path, *action.only_if, action.only_if));
  }
  return Changed(sysctls.Release(action.path, action.value, action.only_if));
}

absl::StatusOr<bool> Host::Do(const action::ReplaceNftTable& action) {
  return Changed(RunNft(ReplaceJson(action.table), Describe(action)).status());
}

absl::StatusOr<bool> Host::Do(const action::DeleteNftTable& action) {
  return Changed(RunNft(DeleteJson(action.name, action.family), Describe(action)).status());
}

// Best effort. If it fails, clients that are already sending keep their old conntrack entry.
bool Host::Forget(const DatagramForwards& ports, Judgement is_stale, const std::string& tried) {
  if (ports.forwards.empty()) return true;
  const absl::StatusOr<std::vector<Prefix>> local = routes_.LocalAddresses();
  absl::Status status = local.status();
  if (status.ok()) {
    const auto stale = [&](const TrackedDatagrams& one) { return is_stale(one, ports, *local); };
    status = ForgetDatagrams(stale).status();
  }
  if (!status.ok()) {
    spdlog::warn("{}: {} (a client that is sending just now may have to pause for two minutes)",
                 tried, MessageOf(status));
  }
  return true;
}

absl::StatusOr<bool> Host::Do(const action::ForgetUnforwarded& action) {
  return Forget(action.ports, &IsUnforwarded, Describe(action));
}

absl::StatusOr<bool> Host::Do(const action::ForgetForwarded& action) {
  return Forget(action.ports, &IsForwarded, Describe(action));
}

absl::StatusOr<bool> Host::Do(const action::SetDns& action) {
  return Changed(RunCalls(CallsOf(action), Describe(action)));
}

absl::StatusOr<bool> Host::Do(const action::RevertDns& action) {
  const absl::Status status = RunCalls(CallsOf(action), Describe(action));
  if (action.program == DnsProgram::kResolvconf) {
    if (!absl::IsNotFound(status)) return Changed(status);
    spdlog::warn("{}", MessageOf(status));  // with the program its list has gone
    return true;
  }
  // systemd-resolved drops an interface that goes; a failure only means that it has done so.
  if (!status.ok()) spdlog::debug("{}", MessageOf(status));
  return true;
}

absl::StatusOr<bool> Host::Do(const action::UseNamespace& action) {
  absl::StatusOr<NamedNamespace> found = NamedNamespace::Open(action.name);
  const bool create = absl::IsNotFound(found.status()) && action.create;
  if (create) found = NamedNamespace::Create(action.name);
  if (!found.ok()) return found.status();
  RETURN_IF_ERROR(Enter(action.name, *std::move(found)));
  return NamedNamespace::IsMadeHere(action.name);
}

absl::StatusOr<bool> Host::Do(const action::DeleteNamespace& action) {
  return Changed(NamedNamespace::Remove(action.name));
}

absl::StatusOr<bool> Host::Do(const action::SetNamespaceDns& action) {
  return WriteNamespaceDns(NamespaceDnsPaths(action.network_namespace), interface_, action);
}

absl::StatusOr<bool> Host::Do(const action::RevertNamespaceDns& action) {
  return Changed(
      RevertNamespaceDnsFile(NamespaceDnsPaths(action.network_namespace), interface_, action));
}

absl::StatusOr<bool> Host::Do(const action::RunHook& action) {
  const std::string variable =
      namespace_name_.empty() ? "" : "RINGWIRE_NAMESPACE=" + namespace_name_;
  const absl::Status status =
      RunProgram(ShellFor(action.command),
                 {.variable = variable, .output = hook_output_, .meanwhile = while_hook_});
  if (status.ok()) return true;
  return absl::AbortedError(fmt::format("{}: {}", Describe(action), std::string(status.message())));
}

}  // namespace ringwire::platform
