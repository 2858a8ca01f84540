#include "platform/gateway/firewall/foreign_firewall.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "core/config/config_file.h"
#include "fmt/format.h"
#include "platform/gateway/firewall/ruleset.h"

namespace ringwire::platform {
namespace {

enum class Program : uint8_t { kNft, kIptables, kDocker, kUfw, kFirewalld };

// The chains and tables that iptables keeps in nftables.
bool IsOfIptables(const Ruleset::Drop& drop) {
  constexpr std::array<std::string_view, 3> kTables = {"filter", "mangle", "security"};
  return (drop.family == "ip" || drop.family == "ip6") &&
         (drop.chain == "INPUT" || drop.chain == "FORWARD") &&
         std::ranges::find(kTables, drop.table) != kTables.end();
}

Program ProgramOf(const Ruleset::Drop& drop, const Ruleset& ruleset) {
  if (drop.table == "firewalld") return Program::kFirewalld;
  if (!IsOfIptables(drop)) return Program::kNft;
  // Docker lets nothing pass, but has no say in what comes in.
  if (drop.chain == "FORWARD" && ruleset.HasChain(drop.family, drop.table, "DOCKER-USER")) {
    return Program::kDocker;
  }
  const bool of_ufw = ruleset.HasChain(drop.family, drop.table, "ufw");
  return of_ufw ? Program::kUfw : Program::kIptables;
}

std::string_view NameOf(Program program) {
  switch (program) {
    case Program::kNft:
      return "a firewall";
    case Program::kIptables:
      return "a firewall of iptables";
    case Program::kDocker:
      return "docker's firewall";
    case Program::kUfw:
      return "ufw";
    case Program::kFirewalld:
      return "firewalld";
  }
  return {};
}

// `iptables -t TABLE -I CHAIN`.
std::string InsertByIptables(const Ruleset::Drop& drop, std::string_view chain) {
  const std::string table = drop.table == "filter" ? "" : fmt::format(" -t {}", drop.table);
  return fmt::format("{}{} -I {}", drop.family == "ip6" ? "ip6tables" : "iptables", table, chain);
}

std::string FixOfForward(const Ruleset::Drop& drop, Program program, std::string_view interface) {
  switch (program) {
    case Program::kNft: {
      const std::string insert =
          fmt::format("nft insert rule {} {} {}", drop.family, drop.table, drop.chain);
      return fmt::format("{0} iifname '\"{1}\"' accept; {0} oifname '\"{1}\"' accept", insert,
                         interface);
    }
    case Program::kIptables:
    case Program::kDocker:
      return fmt::format(
          "{0} -i {1} -j ACCEPT; {0} -o {1} -j ACCEPT",
          InsertByIptables(drop, program == Program::kDocker ? "DOCKER-USER" : drop.chain),
          interface);
    case Program::kUfw:
      return fmt::format("ufw route allow in on {0}; ufw route allow out on {0}", interface);
    case Program::kFirewalld:
      return fmt::format("firewall-cmd --zone=trusted --add-interface={}", interface);
  }
  return {};
}

std::string FixOfInput(const Ruleset::Drop& drop, Program program, uint16_t port) {
  switch (program) {
    case Program::kNft:
      return fmt::format("nft insert rule {} {} {} udp dport {} accept", drop.family, drop.table,
                         drop.chain, port);
    case Program::kIptables:
    case Program::kDocker:
      return fmt::format("{} -p udp --dport {} -j ACCEPT", InsertByIptables(drop, drop.chain),
                         port);
    case Program::kUfw:
      return fmt::format("ufw allow {}/udp", port);
    case Program::kFirewalld:
      return fmt::format("firewall-cmd --add-port={}/udp", port);
  }
  return {};
}

// What the configuration wants to pass.
struct Probe {
  std::string what;  // in words
  ProbePacket packet;
  std::string_view hook;  // of the chains that it passes
};

std::vector<IpFamily> FamiliesOf(std::span<const Prefix> prefixes) {
  std::vector<IpFamily> families;
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    const bool wanted =
        prefixes.empty() || std::ranges::any_of(prefixes, [family](const Prefix& one) {
          return one.address.family == family;
        });
    if (wanted) families.push_back(family);
  }
  return families;
}

ProbePacket AnyPacket(IpFamily family, std::string_view interface) {
  ProbePacket packet;
  packet.family = family;
  packet.ours = interface;
  return packet;
}

// Into the tunnel only answers are looked at, and what is sent there on purpose: whether other
// hosts are to begin connections, nobody has said.
void AddForwarded(std::string_view interface, const ConfigFile& config,
                  std::vector<Probe>* probes) {
  const std::vector<Prefix> allowed = AllowedPrefixes(config);
  for (const IpFamily family : FamiliesOf(allowed)) {
    ProbePacket in = AnyPacket(family, interface);
    ProbePacket out = in;
    for (const Prefix& prefix : allowed) {
      if (prefix.address.family == family) in.sources.push_back(prefix);
    }
    in.arrives = interface;
    const std::string& outside = config.gateway.masquerade;
    if (outside != "auto") in.leaves = outside;
    out.leaves = interface;
    out.is_answer = true;
    out.destinations = in.sources;
    probes->push_back(
        {fmt::format("what {} brings to be forwarded", interface), std::move(in), "forward"});
    probes->push_back(
        {fmt::format("answers on their way into {}", interface), std::move(out), "forward"});
  }
  for (const PortForward& forward : config.gateway.port_forwards) {
    ProbePacket packet = AnyPacket(forward.target.family, interface);
    packet.leaves = interface;
    packet.is_translated = true;
    packet.destinations = {Prefix::Of(forward.target, forward.target.Bits())};
    packet.protocol = ProtocolName(forward.protocol);
    packet.port = forward.target_ports.first;
    probes->push_back(
        {fmt::format("what PortForward sends into {}", interface), std::move(packet), "forward"});
  }
}

// By which family peers come is not known.
Probe DatagramsTo(uint16_t port, std::string_view interface) {
  ProbePacket packet = AnyPacket(IpFamily::kNone, interface);
  packet.to_host = true;
  packet.protocol = "udp";
  packet.port = port;
  return {fmt::format("what peers send to UDP port {}", port), std::move(packet), "input"};
}

// One warning for each command that helps, the most certain one.
class Warnings {
 public:
  Warnings(std::string_view interface, const Ruleset& ruleset)
      : interface_(interface), ruleset_(ruleset) {}

  void Judge(const Probe& probe) {
    for (const Ruleset::Drop& drop : ruleset_.DropsOf(probe.hook, probe.packet)) Add(probe, drop);
  }

  std::vector<std::string> Take() {
    std::vector<std::string> texts;
    for (Warning& warning : warnings_) texts.push_back(std::move(warning.text));
    return texts;
  }

 private:
  void Add(const Probe& probe, const Ruleset::Drop& drop) {
    const Program program = ProgramOf(drop, ruleset_);
    const std::string fix = probe.packet.to_host ? FixOfInput(drop, program, probe.packet.port)
                                                 : FixOfForward(drop, program, interface_);
    std::string text = fmt::format("{} {} {}: nft table {} {}, chain {}, {} (`{}` lets it through)",
                                   NameOf(program), drop.is_certain ? "drops" : "may drop",
                                   probe.what, drop.family, drop.table, drop.chain, drop.why, fix);
    const auto known = std::ranges::find(warnings_, fix, &Warning::fix);
    if (known == warnings_.end()) {
      warnings_.push_back({fix, std::move(text), drop.is_certain});
    } else if (drop.is_certain && !known->is_certain) {
      *known = {fix, std::move(text), true};
    }
  }

  struct Warning {
    std::string fix;
    std::string text;
    bool is_certain = false;
  };

  std::string_view interface_;
  const Ruleset& ruleset_;
  std::vector<Warning> warnings_;
};

bool Accepts(const LegacyForward& legacy, std::string_view interface) {
  return std::ranges::any_of(legacy.accepted, [interface](std::string_view name) {
    if (!name.ends_with('+')) return name == interface;
    name.remove_suffix(1);
    return interface.starts_with(name);
  });
}

}  // namespace

bool ForwardsHere(const ConfigFile& config) {
  return config.gateway.forward && config.gateway.network_namespace.empty();
}

std::vector<std::string> FirewallWarnings(std::string_view interface, const ConfigFile& config,
                                          const FirewallFacts& facts) {
  std::vector<Probe> probes;
  if (ForwardsHere(config)) AddForwarded(interface, config, &probes);
  const uint16_t port = config.listen_port.value_or(0);
  if (port != 0) probes.push_back(DatagramsTo(port, interface));
  std::vector<std::string> warnings;
  if (const std::optional<Ruleset> ruleset = Ruleset::Parse(facts.ruleset)) {
    Warnings found(interface, *ruleset);
    for (const Probe& probe : probes) found.Judge(probe);
    warnings = found.Take();
  }
  for (const LegacyForward& legacy : facts.legacy) {
    if (!ForwardsHere(config) || !legacy.drops || Accepts(legacy, interface)) continue;
    const char* const program =
        legacy.family == IpFamily::kV6 ? "ip6tables-legacy" : "iptables-legacy";
    warnings.push_back(fmt::format(
        "a firewall of {0} drops what {1} brings to be forwarded: table filter, chain FORWARD "
        "(`{0} -I FORWARD -i {1} -j ACCEPT; {0} -I FORWARD -o {1} -j ACCEPT` lets it through)",
        program, interface));
  }
  return warnings;
}

}  // namespace ringwire::platform
