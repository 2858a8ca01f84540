#include "platform/doctor/judge_tunnel.h"

#include <algorithm>
#include <iterator>

#include "core/wire/constants.h"
#include "fmt/format.h"
#include "platform/base/message_of.h"
#include "platform/gateway/plan/plan_full_tunnel.h"
#include "platform/gateway/plan/sysctl_setting.h"

namespace ringwire::platform {
namespace {

constexpr uint16_t kFirstFreePort = 1024;

Finding Good(std::string topic, std::string text) {
  return {Verdict::kOk, std::move(topic), std::move(text), {}};
}

}  // namespace

Findings JudgeConfiguration(const TunnelFacts& tunnel) {
  const std::string topic = "configuration";
  Findings findings;
  for (const std::string& error : tunnel.errors) {
    findings.push_back({Verdict::kFault, topic, error,
                        "correct that line; `ringwire check` reads "
                        "the file again"});
  }
  for (const std::string& warning : tunnel.warnings) {
    findings.push_back({Verdict::kWarning, topic, warning, {}});
  }
  if (findings.empty()) findings.push_back(Good(topic, tunnel.path + " has no error"));
  return findings;
}

Findings JudgePlan(const TunnelFacts& tunnel) {
  const std::string topic = "plan";
  if (!tunnel.plan_error.ok()) {
    return {{Verdict::kFault, topic, MessageOf(tunnel.plan_error), {}}};
  }
  Findings findings;
  if (!tunnel.plan.refusal.empty()) {
    findings.push_back({Verdict::kFault, topic, tunnel.plan.refusal, {}});
  }
  for (const std::string& warning : tunnel.plan.warnings) {
    findings.push_back({Verdict::kWarning, topic, warning, {}});
  }
  if (findings.empty()) {
    findings.push_back(Good(topic, fmt::format("{} changes to this host, which `down` undoes",
                                               tunnel.plan.steps.size())));
  }
  return findings;
}

Finding JudgePort(const TunnelFacts& tunnel, const Rights& rights) {
  const std::string topic = "port";
  const uint16_t port = tunnel.config.listen_port.value_or(0);
  if (tunnel.is_up) return Good(topic, fmt::format("{} is up", tunnel.interface));
  if (port == 0) return Good(topic, "any free one: the file has no ListenPort");
  if (port < kFirstFreePort && !rights.low_ports) {
    return {Verdict::kFault, topic,
            fmt::format("UDP port {} is below {}, and there is no CAP_NET_BIND_SERVICE", port,
                        kFirstFreePort),
            "choose another ListenPort; in a container: --cap-add NET_BIND_SERVICE"};
  }
  if (!tunnel.port_is_taken) return Good(topic, fmt::format("UDP port {} is free", port));
  const std::string holder = tunnel.port_holder.empty() ? "another program" : tunnel.port_holder;
  return {Verdict::kFault, topic, fmt::format("UDP port {} is taken by {}", port, holder),
          "end that program, or choose another ListenPort"};
}

Finding JudgeSysctls(const TunnelFacts& tunnel) {
  const std::string topic = "sysctls";
  if (!tunnel.sysctls.ok()) return {Verdict::kFault, topic, MessageOf(tunnel.sysctls), {}};
  if (tunnel.sysctls_to_change.empty()) return Good(topic, "nothing to set");
  std::string list;
  for (const auto& [path, value] : tunnel.sysctls_to_change) {
    list += fmt::format("{}{}={}", list.empty() ? "" : ", ", SysctlDotted(path), value);
  }
  return Good(topic, fmt::format("`up` sets {}", list));
}

Findings JudgeTunnelMtu(const TunnelFacts& tunnel, const DoctorFacts& host) {
  const std::string topic = "MTU";
  if (!tunnel.config.mtu.has_value() || !host.path_mtu.has_value()) return {};
  const uint32_t mtu = *tunnel.config.mtu;
  if (mtu + kTunnelOverhead <= *host.path_mtu) {
    return {Good(topic, fmt::format("MTU = {} fits into {} bytes", mtu, *host.path_mtu))};
  }
  return {{Verdict::kWarning, topic,
           fmt::format("MTU = {} and {} bytes around it do not fit into {}: packets are fragmented",
                       mtu, kTunnelOverhead, *host.path_mtu),
           fmt::format("MTU = {}, or remove the line", *host.path_mtu - kTunnelOverhead)}};
}

Findings JudgeFirewall(const TunnelFacts& tunnel, const DoctorFacts& host) {
  Findings findings;
  for (const std::string& warning : tunnel.firewall_warnings) {
    findings.push_back({Verdict::kWarning, "firewall", warning, {}});
  }
  if (findings.empty() && host.nft.ok()) {
    findings.push_back(Good("firewall", "no rule that drops the tunnel's packets was found"));
  }
  return findings;
}

Findings JudgeDns(const TunnelFacts& tunnel, const DoctorFacts& host) {
  const std::string topic = "DNS";
  Findings findings;
  const bool has_namespace = !tunnel.config.gateway.network_namespace.empty();
  if (!tunnel.config.dns.servers.empty() && !has_namespace &&
      tunnel.dns_program == DnsProgram::kNone) {
    findings.push_back({Verdict::kFault, topic,
                        "the file has DNS, and this host has neither resolvectl with "
                        "systemd-resolved nor resolvconf",
                        "install the package `openresolv`, or remove the line"});
  }
  for (const auto& [name, found] : tunnel.names) {
    if (found.ok()) {
      findings.push_back(Good(topic, fmt::format("{} has an address", name)));
      continue;
    }
    findings.push_back(
        {Verdict::kWarning, topic, fmt::format("{} has no address: {}", name, MessageOf(found)),
         host.name_servers.empty() ? "add `nameserver ADDRESS` to /etc/resolv.conf"
                                   : "correct the Endpoint, or the name servers of this host"});
  }
  return findings;
}

Findings JudgeNetworks(const TunnelFacts& tunnel, const DoctorFacts& host) {
  const std::string topic = "routes";
  Findings findings;
  const bool own_table = tunnel.config.table.kind != RouteTable::Kind::kAuto ||
                         !tunnel.config.gateway.network_namespace.empty() ||
                         !tunnel.config.gateway.route_from.empty();
  if (own_table || tunnel.is_up) return findings;
  for (const Prefix& allowed : AllowedPrefixes(tunnel.config)) {
    for (const Prefix& local : tunnel.local_networks) {
      // The kernel refuses a second route for one prefix only; of two others the longer one counts.
      if (allowed == local) {
        findings.push_back({Verdict::kFault, topic,
                            fmt::format("{} is in AllowedIPs, and a network of this host has the "
                                        "same addresses",
                                        allowed.ToString()),
                            "renumber one of the two, or set Table and choose routes yourself"});
      } else if (allowed.IsWithin(local)) {
        findings.push_back({Verdict::kWarning, topic,
                            fmt::format("{} is in AllowedIPs and part of {}, a network of this "
                                        "host: these addresses take the tunnel",
                                        allowed.ToString(), local.ToString()),
                            "leave it out of AllowedIPs if that is not wanted"});
      }
    }
  }
  if (IsFullTunnel(tunnel.config) && !host.others.wide_routes.empty()) {
    findings.push_back({Verdict::kWarning, topic,
                        fmt::format("{} also takes the whole traffic: while both are up, the "
                                    "full tunnel of {} has it",
                                    host.others.wide_routes.front().interface, tunnel.interface),
                        "end the other VPN first"});
  }
  if (findings.empty())
    findings.push_back(Good(topic, "AllowedIPs overlap no network of this host"));
  return findings;
}

Findings JudgeTunnel(const TunnelFacts& tunnel, const DoctorFacts& host) {
  Findings findings = JudgeConfiguration(tunnel);
  if (!tunnel.errors.empty()) return findings;
  findings.push_back(JudgePort(tunnel, host.rights));
  findings.push_back(JudgeSysctls(tunnel));
  for (Findings more :
       {JudgePlan(tunnel), JudgeTunnelMtu(tunnel, host), JudgeFirewall(tunnel, host),
        JudgeDns(tunnel, host), JudgeNetworks(tunnel, host)}) {
    std::ranges::move(more, std::back_inserter(findings));
  }
  return findings;
}

}  // namespace ringwire::platform
