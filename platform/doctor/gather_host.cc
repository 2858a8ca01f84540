// The part of gather.h about the host.
#include <fcntl.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <pwd.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/timex.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <type_traits>
#include <utility>

#include "absl/time/clock.h"
#include "core/config/gateway_config.h"
#include "platform/base/paths.h"
#include "platform/base/unique_fd.h"
#include "platform/doctor/gather.h"
#include "platform/gateway/firewall/nft_command.h"
#include "platform/gateway/host/journal.h"
#include "platform/gateway/host/path_mtu.h"
#include "platform/gateway/host/sysctl_holders.h"
#include "platform/gateway/plan/rule_priorities.h"
#include "platform/io/backend_factory.h"
#include "platform/io/offload/kernel_traps.h"
#include "platform/io/offload/offload_proof.h"
#include "platform/io/offload/probe_device.h"
#include "platform/names/name_servers.h"
#include "platform/netlink/route_netlink.h"
#include "platform/sandbox/landlock.h"
#include "platform/sandbox/policy.h"

namespace ringwire::platform {
namespace {

constexpr uint32_t kDefaultTable = 253;  // the kernel's RT_TABLE_DEFAULT
constexpr char kListTables[] = R"({"nftables":[{"list":{"tables":null}}]})";

struct FreeCaps {
  void operator()(std::remove_pointer_t<cap_t>* caps) const { ::cap_free(caps); }
};
using Caps = std::unique_ptr<std::remove_pointer_t<cap_t>, FreeCaps>;

bool HasNow(const Caps& caps, cap_value_t capability) {
  cap_flag_value_t value = CAP_CLEAR;
  return caps != nullptr && ::cap_get_flag(caps.get(), capability, CAP_EFFECTIVE, &value) == 0 &&
         value == CAP_SET;
}

Rights ReadRights() {
  const Caps now(::cap_get_proc());
  Rights rights;
  rights.net_admin = HasNow(now, CAP_NET_ADMIN);
  rights.set_ids = HasNow(now, CAP_SETUID) && HasNow(now, CAP_SETGID);
  rights.kill = HasNow(now, CAP_KILL);
  rights.low_ports = HasNow(now, CAP_NET_BIND_SERVICE);
  return rights;
}

SandboxFacts ReadSandbox() {
  SandboxFacts facts;
  facts.is_filtered = ::prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER;
  // A filter at no address: a kernel that has filters answers EFAULT and installs nothing.
  facts.can_filter = ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, nullptr) != 0 && errno == EFAULT;
  facts.has_landlock = HasLandlock();
  const std::string account(AccountOf(SandboxRole::kRelay));
  facts.has_relay_account = ::getpwnam(account.c_str()) != nullptr;
  return facts;
}

int TunError() {
  const UniqueFd fd(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  return fd.valid() ? 0 : errno;
}

// As DeviceRunner tests them at each start.
void TestDevice(DoctorFacts* facts) {
  CapabilityLadder ladder({}, [](const std::string&) {});
  bool merge_udp = true;
  {
    const absl::StatusOr<TunDevice> device = MakeProbeDevice();
    if (!device.ok()) return;
    constexpr char kNotGranted[] = "this kernel does not grant it";
    if (!device->tso) ladder.Refuse(Offload::kTso, kNotGranted);
    if (!device->uso) ladder.Refuse(Offload::kUso, kNotGranted);
    merge_udp = ProveTunOffloads(&ladder, device->uso);
  }
  AvoidKernelTraps(KernelRelease(), {}, &ladder, &merge_udp);
  ProveUdpOffloads(&ladder);
  absl::Status io_uring = ProbeIoUring(&ladder);
  if (io_uring.ok()) io_uring = SetUpRing().status();
  if (!io_uring.ok()) LeaveMultishotUnused(&ladder);
  facts->io_uring = std::move(io_uring);
  for (const Offload offload : kOffloads) {
    CapabilityLadder::Rung rung = ladder.Read(offload);
    facts->offloads.push_back({std::string(OffloadName(offload)),
                               std::string(RungStateName(rung.state)), std::move(rung.why)});
  }
}

std::optional<bool> IsClockSynchronised() {
  timex state{};
  const int result = ::adjtimex(&state);
  if (result < 0) return std::nullopt;
  return result != TIME_ERROR;
}

bool IsOfKernel(uint32_t table) {
  return table == kLocalTable || table == kMainTable || table == kDefaultTable;
}

// The rules of our own tunnels are known by their journals.
void ReadRules(RouteNetlink* netlink, OtherVpns* others) {
  const absl::StatusOr<RouteNetlink::RuleNumbers> rules = netlink->Rules();
  if (!rules.ok()) return;
  const std::vector<Reservation> ours =
      Journal::ReservationsOfOthers(kStatusDirectory, {}, CurrentNetworkId());
  for (size_t i = 0; i < rules->priorities.size(); ++i) {
    const ForeignRule rule{rules->priorities[i], rules->tables[i], rules->marks[i]};
    const bool is_ours = std::ranges::any_of(ours, [&rule](const Reservation& one) {
      return (one.place.has_value() && IsAt(*one.place, rule.priority)) ||
             (one.mark != 0 && one.mark == rule.table);
    });
    const bool is_plain = rule.mark == 0 && (rule.table == 0 || IsOfKernel(rule.table));
    const bool is_known = std::ranges::find(others->rules, rule) != others->rules.end();
    if (!is_ours && !is_plain && !is_known) others->rules.push_back(rule);
  }
}

OtherVpns ReadOthers() {
  OtherVpns others;
  struct if_nameindex* const links = ::if_nameindex();
  for (const struct if_nameindex* one = links; one != nullptr && one->if_index != 0; ++one) {
    others.interfaces.emplace_back(one->if_name);
  }
  if (links != nullptr) ::if_freenameindex(links);
  absl::StatusOr<RouteNetlink> netlink = RouteNetlink::Open();
  if (!netlink.ok()) return others;
  ReadRules(&*netlink, &others);
  const auto routes = netlink->WorldRoutes();
  if (!routes.ok()) return others;
  for (const RouteNetlink::TableRoute& one : *routes) {
    const Prefix& prefix = one.route.prefix;
    if (one.table != kMainTable || prefix.length == 0 || !IsWide(prefix)) continue;
    std::array<char, IF_NAMESIZE> name{};
    if (one.link != 0) ::if_indextoname(one.link, name.data());
    others.wide_routes.push_back({prefix, name[0] == 0 ? "a route" : name.data()});
  }
  return others;
}

}  // namespace

DoctorFacts GatherDoctorFacts() {
  DoctorFacts facts;
  facts.tun_error = TunError();
  facts.rights = ReadRights();
  facts.sandbox = ReadSandbox();
  facts.io_uring_disabled = ReadSysctl("kernel/io_uring_disabled").value_or("");
  if (facts.tun_error == 0 && facts.rights.net_admin) TestDevice(&facts);
  facts.now = absl::Now();
  facts.clock_is_synchronised = IsClockSynchronised();
  facts.nft = RunNft(kListTables, "ask for the firewall's tables").status();
  facts.path_mtu = ReadPathMtu({}, 0, {});
  for (const SocketAddress& server : ParseNameServers(ReadNameServersBeside({}))) {
    facts.name_servers.push_back(server.address.ToString());
  }
  facts.others = ReadOthers();
  return facts;
}

}  // namespace ringwire::platform
