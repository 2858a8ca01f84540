#include "platform/gateway/host.h"

#include <fcntl.h>
#include <nftables/libnftables.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "fmt/format.h"
#include "platform/base/unique_fd.h"
#include "platform/gateway/host_facts.h"
#include "platform/gateway/program.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

absl::StatusOr<bool> Changed(const absl::Status& status) {
  if (!status.ok()) return status;
  return true;
}

absl::Status WriteSysctl(const std::string& path, const std::string& value) {
  const std::string tried = fmt::format("set {} to {}", path, value);
  const UniqueFd file(::open(("/proc/sys/" + path).c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.valid() && errno == EROFS) {
    return absl::PermissionDeniedError(
        tried + ": /proc/sys is read-only (set it when the container is started: --sysctl " + path +
        "=" + value + ")");
  }
  if (!file.valid()) return absl::ErrnoToStatus(errno, tried);
  if (::write(file.get(), value.data(), value.size()) < 0) {
    return absl::ErrnoToStatus(errno, tried);
  }
  return absl::OkStatus();
}

struct FreeNft {
  void operator()(nft_ctx* context) const { ::nft_ctx_free(context); }
};

// One transaction of libnftables in JSON.
absl::Status RunNft(const std::string& json, const std::string& tried) {
  const std::unique_ptr<nft_ctx, FreeNft> nft(::nft_ctx_new(NFT_CTX_DEFAULT));
  if (nft == nullptr) return absl::ResourceExhaustedError(tried + ": no memory");
  ::nft_ctx_output_set_flags(nft.get(), NFT_CTX_OUTPUT_JSON);
  ::nft_ctx_buffer_output(nft.get());
  ::nft_ctx_buffer_error(nft.get());
  if (::nft_run_cmd_from_buffer(nft.get(), json.c_str()) == 0) return absl::OkStatus();
  std::string_view error = ::nft_ctx_get_error_buffer(nft.get());
  error = error.substr(0, error.find('\n'));
  return absl::InternalError(fmt::format(
      "{}: {} (does this kernel have nf_tables? `nft list ruleset` says so)", tried, error));
}

absl::Status RunTool(std::string_view name, std::vector<std::string> arguments,
                     std::string_view input, const std::string& tried) {
  const std::optional<std::string> path = FindProgram(name);
  if (!path.has_value()) {
    return absl::NotFoundError(fmt::format("{}: {} is not there any more", tried, name));
  }
  arguments.insert(arguments.begin(), *path);
  const absl::Status status = RunProgram(arguments, input);
  if (status.ok()) return status;
  return absl::AbortedError(
      fmt::format("{} by {}: {}", tried, name, std::string(status.message())));
}

}  // namespace

Host::Host(std::string interface, InterfaceOwner owner, Netlink netlink, RouteNetlink routes)
    : interface_(std::move(interface)),
      owner_(std::move(owner)),
      netlink_(std::move(netlink)),
      routes_(std::move(routes)) {}

absl::StatusOr<Host> Host::Open(std::string interface, InterfaceOwner owner) {
  absl::StatusOr<Netlink> netlink = Netlink::Open();
  if (!netlink.ok()) return netlink.status();
  absl::StatusOr<RouteNetlink> routes = RouteNetlink::Open();
  if (!routes.ok()) return routes.status();
  return Host(std::move(interface), std::move(owner), *std::move(netlink), *std::move(routes));
}

absl::StatusOr<bool> Host::Apply(const Action& action) {
  return std::visit([this](const auto& one) { return Do(one); }, action);
}

absl::StatusOr<bool> Host::Do(const CreateInterface&) { return Changed(owner_.create()); }
absl::StatusOr<bool> Host::Do(const DeleteInterface&) { return Changed(owner_.remove()); }

absl::StatusOr<bool> Host::Do(const AddAddress& action) {
  return netlink_.AddAddress(interface_index_, action.address);
}

absl::StatusOr<bool> Host::Do(const RemoveAddress& action) {
  return Changed(netlink_.RemoveAddress(interface_index_, action.address));
}

absl::StatusOr<bool> Host::Do(const SetMtu& action) {
  return Changed(netlink_.SetMtu(interface_index_, action.mtu));
}

absl::StatusOr<bool> Host::Do(const SetLinkUp&) {
  return Changed(netlink_.SetLinkUp(interface_index_));
}

absl::StatusOr<bool> Host::Do(const AddRoute& action) {
  return routes_.AddRoute(action.route, interface_index_);
}

absl::StatusOr<bool> Host::Do(const RemoveRoute& action) {
  return Changed(routes_.RemoveRoute(action.route, interface_index_));
}

absl::StatusOr<bool> Host::Do(const AddRule& action) { return routes_.AddRule(action.rule); }

absl::StatusOr<bool> Host::Do(const RemoveRule& action) {
  return Changed(routes_.RemoveRule(action.rule));
}

absl::StatusOr<bool> Host::Do(const SetSysctl& action) {
  const std::optional<std::string> now = ReadSysctl(action.path);
  if (now == action.value) return false;
  if (action.only_if.has_value() && now != action.only_if) return false;
  return Changed(WriteSysctl(action.path, action.value));
}

absl::StatusOr<bool> Host::Do(const ReplaceNftTable& action) {
  return Changed(RunNft(ReplaceJson(action.table), Describe(action)));
}

absl::StatusOr<bool> Host::Do(const DeleteNftTable& action) {
  return Changed(RunNft(DeleteJson(action.name), Describe(action)));
}

absl::StatusOr<bool> Host::Do(const SetDns& action) {
  const std::string tried = Describe(action);
  if (action.program == DnsProgram::kResolvectl) {
    std::vector<std::string> servers = {"dns", action.record};
    servers.insert(servers.end(), action.servers.begin(), action.servers.end());
    std::vector<std::string> domains = {"domain", action.record};
    domains.insert(domains.end(), action.search.begin(), action.search.end());
    domains.emplace_back("~.");
    const absl::Status status = RunTool("resolvectl", std::move(servers), {}, tried);
    if (!status.ok()) return status;
    return Changed(RunTool("resolvectl", std::move(domains), {}, tried));
  }
  std::string input;
  for (const std::string& server : action.servers) input += "nameserver " + server + "\n";
  if (!action.search.empty()) {
    input += "search";
    for (const std::string& domain : action.search) input += " " + domain;
    input += "\n";
  }
  return Changed(RunTool("resolvconf", {"-a", action.record, "-m", "0", "-x"}, input, tried));
}

absl::StatusOr<bool> Host::Do(const RevertDns& action) {
  const std::string tried = Describe(action);
  if (action.program == DnsProgram::kResolvconf) {
    return Changed(RunTool("resolvconf", {"-d", action.record, "-f"}, {}, tried));
  }
  // systemd-resolved forgets an interface that goes; a failure only means that it has.
  const absl::Status status = RunTool("resolvectl", {"revert", action.record}, {}, tried);
  if (!status.ok()) spdlog::debug("{}", std::string(status.message()));
  return true;
}

// Files of wg-quick expect bash; where there is none, most of them work with any shell.
absl::StatusOr<bool> Host::Do(const RunHook& action) {
  const std::string shell = FindProgram("bash").value_or("/bin/sh");
  const absl::Status status = RunProgram({shell, "-c", action.command});
  if (status.ok()) return true;
  return absl::AbortedError(fmt::format("{}: {}", Describe(action), std::string(status.message())));
}

}  // namespace ringwire::platform
