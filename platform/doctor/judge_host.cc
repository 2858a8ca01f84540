#include "platform/doctor/judge_host.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <string_view>

#include "core/wire/constants.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "platform/base/message_of.h"

namespace ringwire::platform {
namespace {

Finding Ok(std::string topic, std::string text) {
  return {Verdict::kOk, std::move(topic), std::move(text), {}};
}

void Append(Findings more, Findings* findings) {
  std::ranges::move(more, std::back_inserter(*findings));
}

// Programs by what they leave in the kernel.
struct KnownRule {
  std::string_view program;
  uint32_t table = 0;
  uint32_t mark = 0;  // 0: any
};
constexpr std::array kKnownRules = {
    KnownRule{"Tailscale", 52, 0},
    KnownRule{"Mullvad", 0x6d6f6c65, 0},
    KnownRule{"NetBird", 0x1bd0, 0},
    KnownRule{"NordVPN", 205, 0},
    KnownRule{"wg-quick or NetworkManager", 51820, 0},
    KnownRule{"wg-quick or NetworkManager", 0, 0xca6c},
};

std::string_view ProgramOf(const ForeignRule& rule) {
  const auto known = std::ranges::find_if(kKnownRules, [&rule](const KnownRule& one) {
    return (one.table == 0 || one.table == rule.table) && (one.mark == 0 || one.mark == rule.mark);
  });
  return known == kKnownRules.end() ? std::string_view() : known->program;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kKnownInterfaces = {{
    {"tailscale", "Tailscale"},
    {"nordlynx", "NordVPN"},
    {"wt0", "NetBird"},
    {"wg-mullvad", "Mullvad"},
    {"proton", "Proton VPN"},
}};

std::string Described(const ForeignRule& rule) {
  std::string text = fmt::format("priority {}", rule.priority);
  if (rule.mark != 0) text += fmt::format(", mark {:#x}", rule.mark);
  if (rule.table != 0) text += fmt::format(", table {}", rule.table);
  return text;
}

Finding JudgeRule(const ForeignRule& rule) {
  const std::string_view program = ProgramOf(rule);
  const std::string who = program.empty() ? std::string("another program") : std::string(program);
  return {
      Verdict::kWarning, "other VPNs",
      fmt::format("a policy rule of {} chooses routes: {}", who, Described(rule)),
      "`ip rule` shows it; a full tunnel puts its own rules in front, so end one of the two, or "
      "use RouteFrom or narrower AllowedIPs"};
}

std::string_view FixOfTun(int error) {
  switch (error) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return "`modprobe tun`; in a container: --device /dev/net/tun";
    case EPERM:
      return "allow the device: --device /dev/net/tun, DeviceAllow=/dev/net/tun rw";
    default:
      return "run as root, or give this user access to /dev/net/tun";
  }
}

}  // namespace

Finding JudgeTun(const DoctorFacts& facts) {
  if (facts.tun_error == 0) return Ok("tun", "/dev/net/tun opens");
  return {Verdict::kFault, "tun",
          fmt::format("cannot open /dev/net/tun: {}", std::strerror(facts.tun_error)),
          std::string(FixOfTun(facts.tun_error))};
}

Findings JudgeRights(const DoctorFacts& facts) {
  const std::string topic = "capabilities";
  Findings findings;
  const Rights& rights = facts.rights;
  if (!rights.net_admin) {
    findings.push_back({Verdict::kFault, topic, "no CAP_NET_ADMIN: no interface can be made",
                        "run as root; in a container: --cap-add NET_ADMIN"});
  }
  if (!rights.set_ids) {
    findings.push_back(
        {Verdict::kWarning, topic,
         "no CAP_SETUID and CAP_SETGID: the process that parses packets stays user 0, without a "
         "capability",
         "in a container: --cap-add SETUID --cap-add SETGID"});
  } else if (!rights.kill) {
    findings.push_back({Verdict::kWarning, topic,
                        "no CAP_KILL: a process of another user that hangs cannot be ended",
                        "in a container: --cap-add KILL"});
  }
  if (findings.empty()) findings.push_back(Ok(topic, "all that a tunnel needs"));
  return findings;
}

Findings JudgeSandbox(const DoctorFacts& facts) {
  const std::string topic = "seccomp";
  const SandboxFacts& sandbox = facts.sandbox;
  Findings findings;
  if (!sandbox.can_filter) {
    findings.push_back({Verdict::kWarning, topic,
                        "this kernel has no seccomp filters: the process that parses packets may "
                        "make every system call",
                        "use a kernel with CONFIG_SECCOMP_FILTER"});
  }
  if (!sandbox.has_landlock) {
    findings.push_back({Verdict::kWarning, topic,
                        "no Landlock: that process could open files, as far as its user may",
                        "use Linux 5.13 or newer with `landlock` in its list of security modules "
                        "(lsm=)"});
  }
  if (!sandbox.has_relay_account) {
    findings.push_back({Verdict::kWarning, topic,
                        "no user `ringwire-relay`: that process runs as a number without a name",
                        "`systemd-sysusers` with deploy/sysusers.d, or install the package"});
  }
  if (!findings.empty()) return findings;
  return {
      Ok(topic, sandbox.is_filtered
                    ? "filters and Landlock work; a filter is in force already, as in a container"
                    : "filters and Landlock work")};
}

Finding JudgeIoUring(const DoctorFacts& facts) {
  const std::string topic = "io_uring";
  if (!facts.io_uring.has_value()) {
    return {Verdict::kWarning, topic, "not tested: that needs /dev/net/tun and CAP_NET_ADMIN", {}};
  }
  if (facts.io_uring->ok()) return Ok(topic, "works with a real device");
  std::string fix = "use Linux 6.4 or newer, or nothing: epoll needs no setting";
  if (facts.io_uring_disabled == "1" || facts.io_uring_disabled == "2") {
    fix = "sysctl -w kernel.io_uring_disabled=0";
  } else if (facts.sandbox.is_filtered) {
    fix = "in a container: --security-opt seccomp=seccomp-io_uring.json (from deploy/)";
  }
  return {Verdict::kWarning, topic,
          fmt::format("not usable, epoll is used: {}", MessageOf(*facts.io_uring)), fix};
}

Findings JudgeOffloads(const DoctorFacts& facts) {
  const std::string topic = "offloads";
  if (facts.offloads.empty()) {
    return {
        {Verdict::kWarning, topic, "not tested: that needs /dev/net/tun and CAP_NET_ADMIN", {}}};
  }
  Findings findings;
  std::string working;
  for (const OffloadFact& one : facts.offloads) {
    if (one.state == "on" && one.why.empty()) {
      working += (working.empty() ? "" : ", ") + one.name;
    } else if (one.state != "unused") {
      findings.push_back(
          {Verdict::kWarning, topic, fmt::format("{} is {}: {}", one.name, one.state, one.why),
           "docs/offloads.md says which kernels have it; a tunnel works without it"});
    }
  }
  if (!working.empty()) findings.insert(findings.begin(), Ok(topic, working));
  return findings;
}

Finding JudgeMtu(const DoctorFacts& facts) {
  const std::string topic = "MTU";
  if (!facts.path_mtu.has_value()) {
    return {Verdict::kWarning, topic, "no default route: the packet size on the way is unknown",
            "add a route to the peers, or set MTU in the configuration"};
  }
  const uint32_t least = kLeastMtu + kTunnelOverhead;
  if (*facts.path_mtu < least) {
    return {Verdict::kWarning, topic,
            fmt::format("the way out takes packets of {} bytes, and a tunnel of {} needs {}: the "
                        "tunnel's packets are fragmented",
                        *facts.path_mtu, kLeastMtu, least),
            "raise the MTU of the way out, or set a smaller MTU and do without IPv6"};
  }
  return Ok(topic, fmt::format("the way out takes {} bytes, so a tunnel gets {}", *facts.path_mtu,
                               *facts.path_mtu - kTunnelOverhead));
}

Finding JudgeClock(const DoctorFacts& facts) {
  const std::string topic = "clock";
  const std::string day = absl::FormatTime("%Y-%m-%d", facts.now, absl::UTCTimeZone());
  const std::string fix = "`timedatectl set-ntp true`, or another NTP client";
  // Older than this program: a board without a clock begins in 1970, or where it was switched off.
  if (facts.now < absl::FromCivil(absl::CivilDay(2025, 1, 1), absl::UTCTimeZone())) {
    return {Verdict::kFault, topic,
            fmt::format("it is {} here: peers refuse handshakes that seem older than the last one",
                        day),
            fix};
  }
  if (facts.clock_is_synchronised == false) {
    return {Verdict::kWarning, topic,
            fmt::format("{}, not synchronised: if it is set back, peers refuse handshakes", day),
            fix};
  }
  return Ok(topic, facts.clock_is_synchronised.has_value() ? day + ", synchronised" : day);
}

Finding JudgeNft(const DoctorFacts& facts) {
  if (facts.nft.ok()) return Ok("firewall", "nft works");
  return {Verdict::kWarning, "firewall",
          fmt::format("{}: no full tunnel and nothing of [Gateway]", MessageOf(facts.nft)),
          absl::IsNotFound(facts.nft) ? "install the package `nftables`" : ""};
}

Finding JudgeNameServers(const DoctorFacts& facts) {
  if (!facts.name_servers.empty()) {
    return Ok("DNS", fmt::format("this host asks {}", fmt::join(facts.name_servers, ", ")));
  }
  return {Verdict::kWarning, "DNS",
          "/etc/resolv.conf names no server: an Endpoint must be an address or in /etc/hosts",
          "add `nameserver ADDRESS` to /etc/resolv.conf"};
}

Findings JudgeOtherVpns(const DoctorFacts& facts) {
  Findings findings;
  for (const ForeignRule& rule : facts.others.rules) findings.push_back(JudgeRule(rule));
  for (const WideRoute& route : facts.others.wide_routes) {
    findings.push_back(
        {Verdict::kWarning, "other VPNs",
         fmt::format("{} takes {} in the main table", route.interface, route.prefix.ToString()),
         "end that VPN, or leave these addresses out of AllowedIPs"});
  }
  for (const std::string& interface : facts.others.interfaces) {
    const auto known = std::ranges::find_if(kKnownInterfaces, [&interface](const auto& one) {
      return interface.starts_with(one.first);
    });
    if (known == kKnownInterfaces.end()) continue;
    findings.push_back({Verdict::kWarning, "other VPNs",
                        fmt::format("{} is here, of {}", interface, known->second),
                        "two full tunnels take each other's traffic: use one of them at a time"});
  }
  if (findings.empty()) findings.push_back(Ok("other VPNs", "no rule, route or interface of one"));
  return findings;
}

Findings JudgeHost(const DoctorFacts& facts) {
  Findings findings = {JudgeTun(facts)};
  Append(JudgeRights(facts), &findings);
  Append(JudgeSandbox(facts), &findings);
  findings.push_back(JudgeIoUring(facts));
  Append(JudgeOffloads(facts), &findings);
  findings.push_back(JudgeMtu(facts));
  findings.push_back(JudgeClock(facts));
  findings.push_back(JudgeNft(facts));
  findings.push_back(JudgeNameServers(facts));
  Append(JudgeOtherVpns(facts), &findings);
  return findings;
}

}  // namespace ringwire::platform
